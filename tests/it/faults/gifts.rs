//! Certificates of a till: sold, issued, opened with a password that its phone shows, spent.

use std::collections::BTreeMap;

use pricewright::server::wire;
use pricewright::server::wire::request_otp_request::Purpose;

use super::phones::shows;
use super::till::{Asked, Kept, Told, basket};

/// What a certificate is worth, and how much of it a password is for.
const WORTH: i64 = 10_000;
const PART: i64 = 4_000;

/// A certificate, as far as it has come.
#[derive(Debug, Clone, Default)]
struct Gift {
    number: String,
    phone: String,
    /// The call for its password, and the purchase that this is for.
    password: Option<(String, String)>,
    is_tried: bool,
}

/// The certificates of a till, by the sale of each.
#[derive(Debug, Default)]
pub(super) struct Gifts {
    sold: BTreeMap<String, Option<Gift>>,
}

impl Gifts {
    /// Forgets all.
    pub(super) fn clear(&mut self) {
        self.sold.clear();
    }

    /// A purchase of one certificate.
    pub(super) fn sale() -> wire::QuoteRequest {
        let mut asked = basket("GIFT", 1, WORTH, "");
        asked.basket.as_mut().unwrap().lines[0].gift_certificate = true;
        asked
    }

    /// Takes in an answer.
    pub(super) fn take(&mut self, kept: &Kept) {
        match (&kept.asked, &kept.told) {
            (Asked::Commit(_), Told::Sale(sale)) if sale.lines[0].sku == "GIFT" => {
                self.sold.insert(sale.id.clone(), None);
            }
            (Asked::Issue(asked), Told::Issued(told)) => {
                let (number, phone) = (told.number.clone(), asked.phone.clone());
                let gift = Gift { number, phone, ..Gift::default() };
                self.sold.insert(asked.sale_id.clone(), Some(gift));
            }
            // It came back before.
            (Asked::Issue(asked), Told::Refused(..)) => drop(self.sold.remove(&asked.sale_id)),
            (Asked::Otp(asked), Told::Otp(_)) => {
                let Some(Purpose::Payment(payment)) = &asked.purpose else { return };
                let (request, purchase) = (asked.request_id.clone(), payment.purchase_id.clone());
                self.with(&asked.number, |gift| gift.password = Some((request, purchase)));
            }
            (Asked::Otp(asked), Told::Refused(..)) => self.with(&asked.number, |gift| gift.is_tried = true),
            (Asked::Reserve(asked), _) => {
                for payment in &asked.certificates {
                    self.with(&payment.number, |gift| gift.is_tried = true);
                }
            }
            _ => {}
        }
    }

    fn with(&mut self, number: &str, change: impl FnOnce(&mut Gift)) {
        if let Some(gift) = self.sold.values_mut().flatten().find(|gift| gift.number == number) {
            change(gift);
        }
    }

    /// The next call about a certificate that is not at its end, with this id; `name` is the till's, `is_wrong` says that the customer
    /// mistypes the password.
    pub(super) fn next(&self, request_id: &str, name: u64, is_wrong: bool) -> Option<Asked> {
        let (request_id, till_id) = (request_id.to_owned(), format!("till-{name}"));
        self.sold.iter().find_map(|(sale, gift)| match gift {
            None => Some(Asked::Issue(wire::IssueCertificateRequest {
                request_id: request_id.clone(),
                sale_id: sale.clone(),
                phone: phone(&request_id),
                ..wire::IssueCertificateRequest::default()
            })),
            Some(gift) if gift.is_tried => None,
            Some(gift) => match &gift.password {
                None => {
                    let (purchase_id, till_id) = (request_id.clone(), till_id.clone());
                    let payment = wire::PaymentPurpose { purchase_id, till_id, amount: PART };
                    Some(Asked::Otp(wire::RequestOtpRequest {
                        request_id: request_id.clone(),
                        number: gift.number.clone(),
                        phone: gift.phone.clone(),
                        purpose: Some(Purpose::Payment(payment)),
                        validate_only: false,
                    }))
                }
                // What the phone does not show yet is not asked for.
                Some((call, purchase)) => {
                    let otp = shows(&gift.phone, call)?;
                    let otp = if is_wrong { wrong(&otp) } else { otp };
                    let payment = wire::CertificatePayment { number: gift.number.clone(), otp, amount: None };
                    Some(Asked::Reserve(Box::new(wire::ReserveRequest {
                        request_id: request_id.clone(),
                        quote_request: Some(basket("LIP", 3, 10_000, "")),
                        certificates: vec![payment],
                        purchase_id: purchase.clone(),
                        till_id: till_id.clone(),
                        ..wire::ReserveRequest::default()
                    })))
                }
            },
        })
    }
}

/// A phone that nobody else has: the digits of a call's id.
fn phone(request: &str) -> String {
    let digits = request
        .bytes()
        .filter(u8::is_ascii_hexdigit)
        .fold(0_u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(byte)));
    format!("+38067{:07}", digits % 10_000_000)
}

fn wrong(otp: &str) -> String {
    let last = if otp.ends_with('0') { '1' } else { '0' };
    otp.chars().take(5).chain([last]).collect()
}
