//! Random commands about gift certificates. They are made by one who knows all that the ledger does, passwords too: most are nearly right.

use std::collections::BTreeMap;

use pricewright::ledger::{
    Account, Action, AskOtp, Balances, Certificate, CertificateKey, Change, ChangeCertificate, Command,
    Commit, Issue, Key, Look, Note, Otp, OtpKey, Part, Pay, PhoneKey, Presented, Purchase, Refund, Repriced,
    Reserve, ReturnedUnits, Sale, SaleId, State,
};
use pricewright::money::Amount;

use super::super::certificates::basket;
use super::super::table::{id_of, reserve};
use super::{Dice, moment};

/// Numbers of certificates that a sequence knows.
const NUMBERS: u64 = 5;

/// Seconds that pass besides: a new password takes a minute, and the fourth an hour.
pub(super) fn pause(dice: &mut Dice) -> u64 {
    match dice.below(12) {
        0 | 1 => 60,
        2 => 1_200,
        _ => 0,
    }
}

/// What a command is made of.
pub(super) struct Gifts<'a> {
    pub(super) dice: &'a mut Dice,
    pub(super) sequence: u64,
    pub(super) second: u64,
    pub(super) balances: &'a Balances,
    pub(super) said: &'a [Command],
}

impl Gifts<'_> {
    pub(super) fn action(&mut self, step: u64) -> Action {
        // It begins with three certificates.
        match step {
            0 => return self.sell(3),
            1 => return self.commit(),
            2..=4 => return self.issue(),
            _ => {}
        }
        // Who has asked for a password mostly pays with it.
        let now = moment(self.second);
        let may_pay = |one: &Certificate| one.otp.as_ref().is_some_and(|otp| otp.is_alive(now));
        if self.certificates().iter().any(|(_, one)| may_pay(one)) {
            match self.dice.below(4) {
                0 | 1 => {
                    let pay = self.pay();
                    return self.reserve(pay);
                }
                2 => return self.ask(),
                _ => {}
            }
        }
        match self.dice.below(20) {
            0..=1 => self.reserve(Vec::new()),
            2..=3 => {
                let pay = self.pay();
                self.reserve(pay)
            }
            4..=7 => self.commit(),
            8..=9 => self.issue(),
            10..=14 => self.ask(),
            15..=16 => self.refund(),
            17 => self.change(),
            18 => self.look(),
            _ => Action::Cancel(self.sale(&[State::Held, State::Expired])),
        }
    }

    fn small(&mut self, bound: u64) -> i64 {
        i64::try_from(self.dice.below(bound)).unwrap()
    }

    fn some<T: Clone>(&mut self, of: &[T]) -> Option<T> {
        let place = self.dice.below(u64::try_from(of.len()).unwrap().max(1));
        of.get(usize::try_from(place).unwrap()).cloned()
    }

    /// A number, under the key of its day.
    fn number(&self, number: u64) -> CertificateKey {
        CertificateKey(format!("k{}.gift-{}-{number}", 1 + number % 2, self.sequence))
    }

    /// The names of a number under both keys.
    fn names(&self, key: &CertificateKey) -> Vec<CertificateKey> {
        let bare = key.0.get(3..).unwrap_or_default();
        ["k2", "k1"].map(|pepper| CertificateKey(format!("{pepper}.{bare}"))).to_vec()
    }

    /// One of three phones, under the key of its day.
    fn phone(&mut self) -> PhoneKey {
        let number = self.dice.below(3);
        PhoneKey(format!("k{}.phone-{}-{number}", 1 + number % 2, self.sequence))
    }

    fn phones(phone: &PhoneKey) -> Vec<PhoneKey> {
        let bare = phone.0.get(3..).unwrap_or_default();
        ["k2", "k1"].map(|pepper| PhoneKey(format!("{pepper}.{bare}"))).to_vec()
    }

    /// The certificates that there are.
    fn certificates(&self) -> Vec<(CertificateKey, Certificate)> {
        let one = |(key, account): (&Key, &Account)| match (key, account) {
            (Key::Certificate(key), Account::Certificate(one)) => Some((key.clone(), (**one).clone())),
            _ => None,
        };
        self.balances.iter().filter_map(one).collect()
    }

    /// Mostly a sale in one of these states, else any.
    fn sale(&mut self, states: &[State]) -> SaleId {
        let is_any = self.dice.is_one_in(10);
        let of = |(key, account): (&Key, &Account)| match (key, account) {
            (Key::Sale(id), Account::Sale(sale)) if is_any || states.contains(&sale.state) => Some(*id),
            _ => None,
        };
        let found: Vec<SaleId> = self.balances.iter().filter_map(of).collect();
        self.some(&found).unwrap_or(super::request(self.sequence, 9_999).sale())
    }

    fn account(&self, sale: SaleId) -> Option<Sale> {
        self.balances.sale(sale).cloned()
    }

    fn sell(&mut self, quantity: u32) -> Action {
        let price = 300 + 100 * self.small(9);
        let sold = basket(self.small(900), (quantity, price));
        Action::Reserve(Box::new(reserve(sold, moment(self.second + 2_000))))
    }

    fn reserve(&mut self, pay: Vec<Pay>) -> Action {
        let pieces = if self.dice.is_one_in(if pay.is_empty() { 5 } else { 3 }) || pay.is_empty() {
            (u32::try_from(self.dice.below(4)).unwrap(), 200 + 100 * self.small(4))
        } else {
            (0, 0)
        };
        let goods = if self.dice.is_one_in(9) { 0 } else { 100 + self.small(900) };
        let mut purchase = basket(goods, pieces);
        if self.dice.is_one_in(20) {
            "EUR".clone_into(&mut purchase.currency);
        }
        let most = if self.dice.is_one_in(2) { 20 } else { 2_000 };
        let expires_at = moment(self.second + 1 + self.dice.below(most));
        Action::Reserve(Box::new(Reserve { pay, ..reserve(purchase, expires_at) }))
    }

    /// Certificates that were asked for a password, and some that were not.
    fn pay(&mut self) -> Vec<Pay> {
        // Once more what was told before.
        if self.dice.is_one_in(6) {
            let told = |command: &Command| match &command.action {
                Action::Reserve(reserve) if !reserve.pay.is_empty() => Some(reserve.pay.clone()),
                _ => None,
            };
            let told: Vec<Vec<Pay>> = self.said.iter().filter_map(told).collect();
            if let Some(again) = self.some(&told) {
                return again;
            }
        }
        let mut open: Vec<(CertificateKey, Certificate)> = self.certificates();
        if !self.dice.is_one_in(6) {
            let now = moment(self.second);
            open.retain(|(_, one)| one.otp.as_ref().is_some_and(|otp| otp.is_alive(now)));
        }
        let mut pay = Vec::new();
        for _ in 0..1 + self.dice.below(2) {
            if let Some((key, one)) = self.some(&open) {
                let presented = self.presented(&key, &one);
                let amount = match self.dice.below(12) {
                    0 => Some(i64::MAX),
                    1 => Some(self.small(3) - 1),
                    2 => Some(i64::MIN),
                    3..=5 => Some(self.small(300)),
                    _ => None,
                };
                pay.push(Pay { presented, amount: amount.map(Amount::from_minor) });
                if !self.dice.is_one_in(12) {
                    open.retain(|(other, _)| *other != key);
                }
            }
        }
        pay
    }

    /// A number with a password: mostly the right one.
    fn presented(&mut self, key: &CertificateKey, one: &Certificate) -> Presented {
        let wrong = || OtpKey("wrong".to_owned());
        let (bound, password) = match (&one.otp, self.dice.below(8)) {
            (Some(otp), 0) => (otp.bound.clone(), wrong()),
            (Some(otp), 1) if self.dice.is_one_in(2) => {
                (OtpKey("another purchase".to_owned()), otp.password.clone())
            }
            (Some(otp), _) => (otp.bound.clone(), otp.password.clone()),
            (None, _) => (wrong(), wrong()),
        };
        let other = (OtpKey("under another key".to_owned()), wrong());
        let otps = if self.dice.is_one_in(2) {
            vec![other, (bound, password)]
        } else {
            vec![(bound, password), other]
        };
        Presented { certificates: self.names(key), otps }
    }

    fn commit(&mut self) -> Action {
        let sale = self.sale(&[State::Held, State::Expired]);
        let part = self.account(sale).filter(|_| self.dice.is_one_in(3)).map(|account| {
            let pieces = self.fewer(&account.reserved, |pieces| pieces);
            let left = goods(&account.reserved);
            let goods = self.small(u64::try_from(left + 1).unwrap());
            Part {
                purchase: Purchase { currency: account.reserved.currency.clone(), ..basket(goods, pieces) },
                takes: Vec::new(),
            }
        });
        Action::Commit(Box::new(Commit { sale, part }))
    }

    /// Pieces of the line of certificates, or fewer.
    fn fewer(&mut self, of: &Purchase, left: impl Fn(u32) -> u32) -> (u32, i64) {
        let (quantity, price) = pieces(of);
        let left = left(quantity);
        (u32::try_from(self.dice.below(u64::from(left) + 1)).unwrap(), price)
    }

    fn issue(&mut self) -> Action {
        let line = match self.dice.below(10) {
            0 => "1",
            1..=4 => "c",
            _ => "",
        };
        let number = self.dice.below(NUMBERS);
        // A few have ended before they begin.
        let expires_at =
            if self.dice.is_one_in(20) { self.second } else { self.second + 1 + self.dice.below(30_000) };
        let sale = self.sale(&[State::Committed]);
        let certificate = self.number(number);
        Action::Issue(Box::new(Issue {
            id: id_of(&certificate),
            certificate,
            last_four: "0000".to_owned(),
            sale,
            line: line.to_owned(),
            phone: self.phone(),
            expires_at: moment(expires_at),
        }))
    }

    fn ask(&mut self) -> Action {
        let mut there = self.certificates();
        if !self.dice.is_one_in(5) {
            there.retain(|(_, one)| one.balance > Amount::ZERO && one.otp.is_none());
        }
        let (key, phone) = match self.some(&there) {
            Some((key, one)) if !self.dice.is_one_in(10) => (key, one.phone),
            _ => (self.number(self.second % NUMBERS), self.phone()),
        };
        let amount = match self.dice.below(10) {
            0 => None,
            1 => Some(i64::MAX),
            2 => Some(self.small(2) - 1),
            _ => Some(100 + self.small(500)),
        };
        let bound = format!("k2.{}/{}", key.0, self.second);
        let otp = Otp {
            bound: OtpKey(bound.clone()),
            password: OtpKey(format!("{bound}/right")),
            amount: amount.map(Amount::from_minor),
            expires_at: moment(self.second + 300),
            tries: 0,
        };
        Action::AskOtp(Box::new(AskOtp {
            certificates: self.names(&key),
            phones: Self::phones(&phone),
            otp,
            hour_max: if self.dice.is_one_in(20) { 1 } else { 10_000 },
        }))
    }

    fn look(&mut self) -> Action {
        let there = self.certificates();
        let Some((key, one)) = self.some(&there) else { return self.issue() };
        let phone = if self.dice.is_one_in(4) { self.phone() } else { one.phone.clone() };
        Action::Look(Box::new(Look { presented: self.presented(&key, &one), phones: Self::phones(&phone) }))
    }

    fn change(&mut self) -> Action {
        let there = self.certificates();
        let certificate = self.some(&there).map_or_else(|| self.number(0), |(key, _)| key);
        let change = match self.dice.below(6) {
            0 | 1 => Change::Block,
            2 | 3 => Change::Unblock,
            4 => Change::Extend(moment(self.second + self.dice.below(9_000))),
            _ => Change::Transfer(self.phone()),
        };
        let note = Note { actor: "support".to_owned(), reason: "asked".to_owned() };
        Action::ChangeCertificate(Box::new(ChangeCertificate { certificate, change, note }))
    }

    fn refund(&mut self) -> Action {
        let sale = self.sale(&[State::Committed]);
        let account = self.account(sale).filter(|account| account.state == State::Committed);
        let (of_goods, of_pieces) =
            account.as_ref().map_or((1, 1), |account| (account.pieces_left("1"), account.pieces_left("c")));
        let mut units = Vec::new();
        for (line, left) in [("1", of_goods), ("c", of_pieces)] {
            let quantity = u32::try_from(self.dice.below(u64::from(left) + 1)).unwrap();
            if quantity > 0 || self.dice.is_one_in(30) {
                units.push(ReturnedUnits { line: line.to_owned(), group: None, quantity });
            }
        }
        let back =
            |line: &str| units.iter().filter(|one| one.line == line).map(|one| one.quantity).sum::<u32>();
        // Half of the time the customer hands over the very certificates.
        let issued = account.iter().flat_map(|account| &account.issued).map(|one| id_of(&one.certificate));
        let certificates = issued.filter(|_| self.dice.is_one_in(3)).take(2).collect();
        let repriced = account.filter(|_| self.dice.is_one_in(3)).map(|account| {
            let (_, price) = pieces(account.current());
            let pieces = (account.pieces_left("c").saturating_sub(back("c")), price);
            let goods = self.small(u64::try_from(goods(account.current()).max(0) + 50).unwrap());
            let returns = account.returns.len() + usize::from(self.dice.is_one_in(10));
            Repriced { returns, purchase: basket(goods, pieces), takes: Vec::new() }
        });
        let delivery = self.dice.is_one_in(4);
        Action::Refund(Box::new(Refund { sale, units, certificates, delivery, repriced }))
    }
}

/// What is not for certificates.
fn goods(of: &Purchase) -> i64 {
    (of.total.minor() - of.certificates_total().minor()).max(0)
}

/// How many certificates are sold, and at which price.
fn pieces(of: &Purchase) -> (u32, i64) {
    let line = of.line("c");
    line.map_or((0, 0), |line| (line.quantity(), line.units.first().map_or(0, |units| units.price.minor())))
}

/// Every kind of answer was given: else the commands are not what they were thought to be.
pub(super) fn all_were_met(answers: &BTreeMap<String, u64>) {
    for told in [
        "issued",
        "sent",
        "done",
        "cancelled",
        "reserved,  by certificates",
        "reserved,  +  by certificates",
        "paid ,  by certificates",
        "gives back ,  points,  to certificates",
        "refused: certificate refused",
        "no: otp too soon ",
        "no: otp amount exceeded",
        "no: otp budget spent",
        "no: certificate blocked",
        "no: certificate not blocked",
        "no: certificate frozen",
        "no: certificate expired",
        "no: certificate empty",
        "no: certificate currency",
        "no: certificate not needed",
        "no: certificate issued c",
        "no: certificate exists",
        "no: certificate spent c",
        "no: not a certificate ",
        "no: not later",
        "no: sale moved",
        "no: request id reused",
    ] {
        assert!(answers.contains_key(told), "`{told}` was never answered: {answers:?}");
    }
}
