//! What is measured.

use std::hint::black_box;
use std::rc::Rc;

use pricewright::basket::Request;
use pricewright::pricing::{Effort, price};
use pricewright::rulebook::{Rulebook, Source, compile};

use crate::chain::{self, Outcome};
use crate::plain;

/// One basket to be priced, or one folder to be compiled.
pub(crate) type Work = Box<dyn FnMut()>;

pub(crate) struct Case {
    pub(crate) name: String,
    /// How many baskets: enough for a percentile where they are quick.
    pub(crate) baskets: usize,
    /// Left out unless everything is asked for.
    pub(crate) is_long: bool,
    what: What,
}

#[derive(Clone, Copy)]
enum What {
    Price { lines: usize, under: Under, explain: bool },
    Plain { lines: usize, under: Under },
    Hard,
    Compile { promotions: usize, goods: usize },
}

/// What is live.
#[derive(Clone, Copy)]
enum Under {
    Mix(usize),
    ItemsOnly(usize),
    MixAndUnrelated(usize, usize),
}

pub(crate) fn all() -> Vec<Case> {
    use Under::{ItemsOnly, Mix, MixAndUnrelated};
    let price = |lines, under| What::Price { lines, under, explain: false };
    let plain = |lines, under| What::Plain { lines, under };
    let mut cases = Vec::new();
    let mut case = |baskets: usize, what: What| {
        // What takes a minute or more under callgrind: whoever checks a change waits for the others alone.
        let is_long = match what {
            What::Price { lines, under: Mix(promotions), explain } => {
                explain || lines > 10 || promotions > 300
            }
            What::Price { under: MixAndUnrelated(..), .. } | What::Hard => true,
            What::Compile { promotions, .. } => promotions > 1_000,
            What::Price { .. } | What::Plain { .. } => false,
        };
        cases.push(Case { name: what.name(), baskets, is_long, what });
    };
    case(100, price(10, Mix(300)));
    for (lines, baskets) in [(1, 100), (5, 100), (20, 30), (50, 10), (200, 5)] {
        case(baskets, price(lines, Mix(300)));
    }
    for (promotions, baskets) in [(50, 100), (1_000, 50), (3_000, 50), (10_000, 50)] {
        case(baskets, price(10, Mix(promotions)));
    }
    case(50, price(10, MixAndUnrelated(300, 9_000)));
    case(30, What::Price { lines: 10, under: Mix(300), explain: true });
    case(15, What::Hard);
    for promotions in [300, 3_000] {
        case(50, price(10, ItemsOnly(promotions)));
        case(50, plain(10, ItemsOnly(promotions)));
    }
    for promotions in [1_000, 10_000] {
        case(1, What::Compile { promotions, goods: 20_000 });
    }
    cases
}

impl What {
    fn name(self) -> String {
        match self {
            What::Price { lines, under, explain } => {
                format!("{}{}", priced(lines, under), if explain { ", explain" } else { "" })
            }
            What::Plain { lines, under } => format!("{}, plain evaluator", priced(lines, under)),
            What::Hard => "hard: 30 units in Black Friday week".to_owned(),
            What::Compile { promotions, goods } => {
                format!("compile {} promotions, {} goods", grouped(promotions), grouped(goods))
            }
        }
    }
}

fn priced(lines: usize, under: Under) -> String {
    let lines = format!("{lines} line{}", if lines == 1 { "" } else { "s" });
    match under {
        Under::Mix(count) => format!("{lines}, {} promotions", grouped(count)),
        Under::ItemsOnly(count) => format!("{lines}, {} promotions on items", grouped(count)),
        Under::MixAndUnrelated(count, more) => {
            format!("{lines}, {} promotions, {} unrelated", grouped(count), grouped(more))
        }
    }
}

/// `10000` as `10,000`.
pub(crate) fn grouped(number: impl ToString) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (digit, left) in digits.chars().zip((0..digits.len()).rev()) {
        text.push(digit);
        if left > 0 && left % 3 == 0 {
            text.push(',');
        }
    }
    text
}

impl Under {
    fn sources(self) -> Outcome<Vec<Source>> {
        match self {
            Under::Mix(count) => chain::promotions(count),
            Under::ItemsOnly(count) => chain::item_only(count),
            Under::MixAndUnrelated(count, more) => {
                Ok(chain::promotions(count)?.into_iter().chain(chain::unrelated(more)?).collect())
            }
        }
    }
}

impl Case {
    /// One piece for each basket, all that they share made before.
    pub(crate) fn work(&self) -> Outcome<Vec<Work>> {
        match self.what {
            What::Price { lines, under, explain } => {
                let rulebook = Rc::new(chain::rulebook(&under.sources()?)?);
                let baskets = spread(chain::baskets(lines)?, self.baskets);
                let asked = baskets.into_iter().map(|request| Request { explain, ..request });
                Ok(asked.map(|request| pricing(&rulebook, request)).collect())
            }
            What::Plain { lines, under } => {
                let rulebook = Rc::new(chain::rulebook(&under.sources()?)?);
                let baskets = spread(chain::baskets(lines)?, self.baskets);
                Ok(baskets.into_iter().map(|request| plainly(&rulebook, request)).collect())
            }
            What::Hard => self.hard(),
            What::Compile { promotions, goods } => {
                let sources = chain::over_goods(goods, promotions)?;
                Ok(vec![Box::new(move || drop(black_box(compile(black_box(&sources)))))])
            }
        }
    }

    fn hard(&self) -> Outcome<Vec<Work>> {
        let campaigns = chain::hard()?;
        let baskets = self.baskets / campaigns.len().max(1);
        let mut work = Vec::new();
        for campaign in campaigns {
            let rulebook = Rc::new(chain::rulebook(&campaign.sources)?);
            let baskets = spread(campaign.baskets, baskets);
            work.extend(baskets.into_iter().map(|request| pricing(&rulebook, request)));
        }
        Ok(work)
    }
}

/// `count` of them, evenly from all.
fn spread(baskets: Vec<Request>, count: usize) -> Vec<Request> {
    let all = baskets.len();
    let is_taken = |place: usize| (place + 1) * count / all > place * count / all;
    baskets.into_iter().enumerate().filter(|(place, _)| is_taken(*place)).map(|(_, basket)| basket).collect()
}

fn pricing(rulebook: &Rc<Rulebook>, request: Request) -> Work {
    let rulebook = Rc::clone(rulebook);
    Box::new(move || drop(black_box(price(&rulebook, black_box(&request), Effort::default()))))
}

fn plainly(rulebook: &Rc<Rulebook>, request: Request) -> Work {
    let rulebook = Rc::clone(rulebook);
    Box::new(move || {
        black_box(plain::total(&rulebook, black_box(&request)));
    })
}
