//! The words of rule files: every object, its fields, what they hold and what they are for.
//!
//! The reader refuses a field that is not in these tables and the schema is written from them, so the two agree.

/// What a field may hold.
#[derive(Debug, Clone, Copy)]
pub enum Type {
    /// One text.
    Text,
    /// One id: letters, digits, `-`, `_`, `.`.
    Id,
    /// `true` or `false`.
    Flag,
    /// A whole number within bounds.
    Whole(i64, i64),
    /// A number.
    Number,
    /// Money in major units.
    Amount,
    /// 0 to 100.
    Percent,
    /// A date, or a date with a time.
    Moment,
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// One of these words, or one of the types.
    WordOr(&'static [&'static str], &'static Type),
    /// One of this type or a list of them.
    OneOrMany(&'static Type),
    /// A list.
    List(&'static Type),
    /// Fields of an object.
    Object(&'static Object),
    /// Any names, each with this type.
    MapOf(&'static Type),
    /// Any of these types.
    Any(&'static [Type]),
}

/// One field of an object.
#[derive(Debug)]
pub struct Key {
    /// Its name.
    pub name: &'static str,
    /// What it holds.
    pub holds: Type,
    /// What it is for, in the words of a marketer.
    pub help: &'static str,
    /// Whether it must be there.
    pub required: bool,
}

/// A group of fields.
#[derive(Debug)]
pub struct Object {
    /// How messages call it.
    pub name: &'static str,
    /// What it is for.
    pub help: &'static str,
    /// Its fields.
    pub keys: &'static [Key],
}

impl Object {
    /// Whether the object has a field of this name.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.keys.iter().any(|key| key.name == name)
    }
}

const fn key(name: &'static str, holds: Type, help: &'static str) -> Key {
    Key { name, holds, help, required: false }
}

const fn required(name: &'static str, holds: Type, help: &'static str) -> Key {
    Key { name, holds, help, required: true }
}

const WORDS: Type = Type::OneOrMany(&Type::Text);
const UNITS: Type = Type::Whole(1, UNITS_MAX);

/// Units, sets or pieces: as many as a line of a basket may have.
pub const UNITS_MAX: i64 = 100_000;
/// Baskets in total.
pub const BASKETS_MAX: i64 = 1_000_000_000_000;
/// The highest and, below zero, the lowest level.
pub const LEVEL_MAX: i64 = 1_000;
/// Days around a birthday.
pub const DAYS_MAX: i64 = 182;

/// How a fraction of a kopiyka or cent may be rounded.
pub const ROUNDINGS: &[&str] = &["half_up", "half_even", "half_down", "down"];
/// What a percentage is of.
pub const BASES: &[&str] = &["current", "list"];
/// Which prices a spend adds up.
pub const MEASURES: &[&str] = &["current", "list"];
/// The stages.
pub const STAGES: &[&str] = &["item", "basket"];
/// What `by_quantity` counts.
pub const COUNTS: &[&str] = &["together", "same_sku"];
/// What becomes of uses when the goods come back.
pub const ON_REFUNDS: &[&str] = &["keep", "restore"];
/// Who assigns the benefit of a set.
pub const ASSIGNS: &[&str] = &["customer", "retailer"];
/// What must be equal within a slot.
pub const SAMES: &[&str] = &["sku"];

/// A rule file.
pub static RULES: Object = Object {
    name: "rule file",
    help: "Promotions and caps. The shop prices by them seconds after the file is saved.",
    keys: &[
        key(
            "promotions",
            Type::List(&Type::Object(&PROMOTION)),
            "The promotions of this file, each after a dash.",
        ),
        key(
            "caps",
            Type::List(&Type::Object(&CAP)),
            "Limits on what promotions may take off, such as the contract of a luxury house.",
        ),
    ],
};

/// One promotion.
pub static PROMOTION: Object = Object {
    name: "promotions",
    help: "One promotion: when it runs, on which goods, and what it gives.",
    keys: &[
        required(
            "id",
            Type::Id,
            "A short name of its own, such as summer-2026. No other promotion may have it.",
        ),
        key("name", Type::Text, "What the receipt shows. The id, when absent."),
        key("group", Type::Id, "A group by which other promotions may name this one in stacks_with."),
        key(
            "level",
            Type::Whole(-LEVEL_MAX, LEVEL_MAX),
            "The place in the hierarchy: the highest level is served first. 0, when absent.",
        ),
        key(
            "when",
            Type::Object(&WHEN),
            "When and for whom it applies. Always and for everybody, when absent.",
        ),
        key(
            "on",
            Type::Object(&SELECTOR),
            "The goods that get the benefit. The whole assortment, when absent.",
        ),
        key(
            "buy",
            Type::List(&Type::Object(&SLOT)),
            "Goods that must be bought together, as a set: one slot for each kind of goods.",
        ),
        key("spend", Type::Object(&SPEND), "The sum that the goods must reach."),
        key("give", Type::Object(&GIVE), "What the customer gets."),
        key(
            "stage",
            Type::OneOf(STAGES),
            "basket puts a plain percentage after all promotions on single goods.",
        ),
        key(
            "stacks_with",
            Type::WordOr(&["all", "none"], &WORDS),
            "Which promotions may meet this one on the same piece: all, or ids and groups. None, when absent.",
        ),
        key("limits", Type::Object(&LIMITS), "How much of it there is."),
        key(
            "on_refund",
            Type::OneOf(ON_REFUNDS),
            "restore gives uses, customer limit and budget back when the goods come back. keep, when absent.",
        ),
        key(
            "assign",
            Type::OneOf(ASSIGNS),
            "retailer gives the benefit of a set to the cheapest pieces. Without it the customer gets the best grouping.",
        ),
    ],
};

/// One cap.
pub static CAP: Object = Object {
    name: "caps",
    help: "A limit on what promotions may take off. It gives nothing itself.",
    keys: &[
        required("id", Type::Id, "A short name of its own. No promotion and no other cap may have it."),
        key(
            "name",
            Type::Text,
            "What the quote shows when the cap held something back. The id, when absent.",
        ),
        key("on", Type::Object(&SELECTOR), "The goods it protects. The whole assortment, when absent."),
        key("max_percent", Type::Percent, "Promotions take at most this percentage off the list price."),
        key("min_price", Type::Amount, "No promotion takes the price of a piece below this."),
        key("min_margin_percent", Type::Percent, "Promotions leave at least this margin over the cost."),
    ],
};

/// Conditions of the purchase.
pub static WHEN: Object = Object {
    name: "when",
    help: "Everything named here must hold.",
    keys: &[
        key(
            "from",
            Type::Moment,
            "The first day, such as 2026-11-27, or the first second: 2026-11-27 10:00.",
        ),
        key("until", Type::Moment, "The last day, that day included. With a time it ends at that very time."),
        key("weekdays", WORDS, "Days of the week, such as [mon, tue, wed] or mon-fri."),
        key("hours", WORDS, "Hours of the day in quotes, such as \"10:00-14:00\"; they may pass midnight."),
        key("channels", WORDS, "Sales channels of settings.yaml, such as [web, app]."),
        key("stores", WORDS, "Stores of settings.yaml by id, or city:kyiv, or region:west."),
        key("segments", WORDS, "Segments; the customer is in any of them."),
        key("tiers", WORDS, "Tiers of the loyalty card; any of them."),
        key("birthday", Type::Object(&BIRTHDAY), "Days around the birthday of the customer."),
        key("customer", Type::MapOf(&ATTRIBUTE), "What the CRM knows of the customer, by name."),
        key("payment", WORDS, "Methods of payment; any of them."),
        key("delivery", WORDS, "Methods of delivery; any of them."),
        key(
            "code",
            Type::Any(&[Type::Text, Type::Object(&CODE_POOL)]),
            "The code that the customer must name, such as SPRING20.",
        ),
        key(
            "basket_has",
            Type::OneOrMany(&Type::Object(&BASKET_HAS)),
            "Goods that must be in the basket besides.",
        ),
    ],
};

/// Days around a birthday.
pub static BIRTHDAY: Object = Object {
    name: "birthday",
    help: "Days around the birthday, the day itself included.",
    keys: &[
        key("days_before", Type::Whole(0, DAYS_MAX), "So many days before it. 0, when absent."),
        key("days_after", Type::Whole(0, DAYS_MAX), "So many days after it. 0, when absent."),
    ],
};

/// What is asked of an attribute.
pub static ATTRIBUTE: Type =
    Type::Any(&[Type::Flag, Type::Text, Type::Number, Type::List(&Type::Text), Type::Object(&RANGE)]);

/// A range of an attribute.
pub static RANGE: Object = Object {
    name: "customer",
    help: "A number within bounds.",
    keys: &[
        key("at_least", Type::Number, "The lowest number that passes."),
        key("below", Type::Number, "The first number that is too high."),
    ],
};

/// A pool of codes.
pub static CODE_POOL: Object = Object {
    name: "code",
    help: "A pool of generated codes.",
    keys: &[
        required("pool", Type::Id, "The name of the pool."),
        key("phone", Type::Flag, "true when a code works only with the phone it was sent to."),
        key("pin", Type::Flag, "true when a code works only with its PIN."),
    ],
};

/// Goods in the basket.
pub static BASKET_HAS: Object = Object {
    name: "basket_has",
    help: "Goods that must be in the basket, without using them up.",
    keys: &[
        key("on", Type::Object(&SELECTOR), "Which goods. Any, when absent."),
        key("quantity", UNITS, "How many pieces. 1, when absent."),
        key("at_least", Type::Amount, "For how much at list prices, instead of pieces."),
    ],
};

/// Which goods.
pub static SELECTOR: Object = Object {
    name: "on",
    help: "Goods that match every field. Inside a field any entry may match.",
    keys: &[
        key("brands", WORDS, "Brands, such as [Dior, Chanel]."),
        key(
            "categories",
            WORDS,
            "Categories, such as fragrance or fragrance/women; everything below them is meant too.",
        ),
        key("skus", WORDS, "Stock-keeping units, to the letter."),
        key("tags", WORDS, "Tags of the catalogue."),
        key("price", Type::Object(&PRICE), "List prices within bounds."),
        key("except", Type::Object(&EXCEPT), "Goods that match any of these entries are out."),
    ],
};

/// Which goods are out.
pub static EXCEPT: Object = Object {
    name: "except",
    help: "Goods that match any of these entries are out.",
    keys: &[
        key("brands", WORDS, "Brands."),
        key("categories", WORDS, "Categories and everything below them."),
        key("skus", WORDS, "Stock-keeping units."),
        key("tags", WORDS, "Tags of the catalogue."),
        key("price", Type::Object(&PRICE), "List prices within bounds."),
    ],
};

/// List prices within bounds.
pub static PRICE: Object = Object {
    name: "price",
    help: "List prices within bounds.",
    keys: &[
        key("at_least", Type::Amount, "The lowest price that is meant."),
        key("below", Type::Amount, "The first price that is too high."),
    ],
};

/// One slot of a set.
pub static SLOT: Object = Object {
    name: "buy",
    help: "One part of a set.",
    keys: &[
        key("on", Type::Object(&SELECTOR), "Which goods fill it. Any, when absent."),
        key("quantity", UNITS, "How many pieces. 1, when absent."),
        key("same", Type::OneOf(SAMES), "sku asks for equal pieces."),
        key("percent", Type::Percent, "Percent off each piece of this part."),
        key("amount", Type::Amount, "An amount off each piece of this part."),
        key("price", Type::Amount, "The price of each piece of this part."),
    ],
};

/// A sum to reach.
pub static SPEND: Object = Object {
    name: "spend",
    help: "The sum that the goods must reach.",
    keys: &[
        key("at_least", Type::Amount, "The sum."),
        key(
            "on",
            Type::WordOr(&["all"], &Type::Object(&SELECTOR)),
            "Which goods are added up: all, or some. The goods of the promotion, when absent.",
        ),
        key("measured", Type::OneOf(MEASURES), "current adds up reduced prices, list the list prices."),
        key("every", Type::Flag, "true gives a basket_amount once for each full sum."),
    ],
};

/// The benefit.
pub static GIVE: Object = Object {
    name: "give",
    help: "What the customer gets. One benefit a promotion.",
    keys: &[
        key("percent", Type::Percent, "Percent off each piece, such as 20."),
        key("amount", Type::Amount, "An amount off each piece."),
        key("price", Type::Amount, "The new price of each piece; of the whole set with buy."),
        key("prices", Type::Text, "A CSV file with a price for each sku."),
        key(
            "by_quantity",
            Type::List(&Type::Object(&QUANTITY_TIER)),
            "Tiers by the number of pieces that take part.",
        ),
        key(
            "count",
            Type::OneOf(COUNTS),
            "What by_quantity counts: all pieces together, or each sku by itself.",
        ),
        key("basket_amount", Type::Amount, "An amount taken once off the goods together."),
        key("by_spend", Type::List(&Type::Object(&SPEND_TIER)), "Tiers by the sum of the goods."),
        key("cheapest", Type::Object(&CHEAPEST), "Something off the cheapest pieces of each set."),
        key("gift", Type::Object(&GIFT), "A gift."),
        key("delivery", Type::Object(&DELIVERY), "Something off the delivery."),
        key("points", Type::Object(&POINTS), "Points, on what was paid in the end."),
        key("of", Type::OneOf(BASES), "list takes the percentage of the list price."),
        key("max_discount", Type::Amount, "The most it takes off one basket."),
    ],
};

/// One tier by quantity.
pub static QUANTITY_TIER: Object = Object {
    name: "by_quantity",
    help: "One tier.",
    keys: &[
        required("from", UNITS, "From so many pieces."),
        key("percent", Type::Percent, "Percent off each piece."),
        key("amount", Type::Amount, "An amount off each piece."),
        key("price", Type::Amount, "The new price of each piece."),
    ],
};

/// One tier by sum.
pub static SPEND_TIER: Object = Object {
    name: "by_spend",
    help: "One tier.",
    keys: &[
        required("from", Type::Amount, "From this sum."),
        key("percent", Type::Percent, "Percent off each piece."),
        key("amount", Type::Amount, "An amount off each piece."),
        key("price", Type::Amount, "The new price of each piece."),
        key("basket_amount", Type::Amount, "An amount taken once off the goods together."),
    ],
};

/// The cheapest of a set.
pub static CHEAPEST: Object = Object {
    name: "cheapest",
    help: "Something off the cheapest pieces of a set.",
    keys: &[
        key("units", UNITS, "How many pieces of each set. 1, when absent."),
        required("percent", Type::Percent, "Percent off each of them; 100 makes them free."),
    ],
};

/// A gift.
pub static GIFT: Object = Object {
    name: "gift",
    help: "A gift out of a list.",
    keys: &[
        required("skus", WORDS, "What may be chosen from."),
        key("choose", UNITS, "How many of them. 1, when absent."),
    ],
};

/// The delivery.
pub static DELIVERY: Object = Object {
    name: "delivery",
    help: "Something off the price of the delivery.",
    keys: &[
        key("percent", Type::Percent, "Percent off; 100 makes it free."),
        key("amount", Type::Amount, "An amount off."),
        key("price", Type::Amount, "The new price of the delivery."),
    ],
};

/// Points.
pub static POINTS: Object = Object {
    name: "points",
    help: "Points on what was paid in the end.",
    keys: &[
        key("per", Type::Amount, "For each full amount."),
        key("points", Type::Whole(1, BASKETS_MAX), "So many points."),
        key("multiply", Type::Number, "So many times the usual points, instead."),
    ],
};

/// Limits.
pub static LIMITS: Object = Object {
    name: "limits",
    help: "How much of the promotion there is.",
    keys: &[
        key("units", UNITS, "Pieces of one basket that may take part."),
        key("sets", Type::WordOr(&["unlimited"], &UNITS), "Sets of one basket: a number or unlimited."),
        key(
            "total",
            Type::Whole(1, BASKETS_MAX),
            "Baskets in all, in every store and on every channel together.",
        ),
        key("per_customer", UNITS, "Baskets of one customer. The customer must be known, by card or phone."),
        key("budget", Type::Amount, "Money that it may take off in all."),
    ],
};

/// The settings.
pub static SETTINGS: Object = Object {
    name: "settings.yaml",
    help: "What holds for all rule files of a folder.",
    keys: &[
        key("currency", Type::Text, "The currency of every amount: UAH, EUR, PLN. UAH, when absent."),
        key(
            "time_zone",
            Type::Text,
            "The zone in which dates and hours are meant. Europe/Kyiv, when absent.",
        ),
        key(
            "rounding",
            Type::OneOf(ROUNDINGS),
            "How a fraction of a kopiyka or cent is rounded. half_up, when absent.",
        ),
        key(
            "min_unit_price",
            Type::Amount,
            "The lowest price of a piece. 0, when absent; 0.01 where the cash register refuses zero.",
        ),
        key("channels", WORDS, "The sales channels there are."),
        key("stores", Type::MapOf(&Type::Object(&STORE)), "The stores there are, by id."),
        key("segments", WORDS, "The segments there are. Any is accepted, when absent."),
        key("catalog", WORDS, "CSV files with the goods: sku, name, brand, category, price, cost, tags."),
    ],
};

/// One store.
pub static STORE: Object = Object {
    name: "stores",
    help: "Where the store is.",
    keys: &[key("city", Type::Text, "Its city."), key("region", Type::Text, "Its region.")],
};

/// The objects in which a field that stands in the wrong place is looked for, the likeliest first.
pub static HOMES: &[&Object] =
    &[&GIVE, &WHEN, &PROMOTION, &SPEND, &LIMITS, &SELECTOR, &CAP, &SETTINGS, &RULES];

/// A file of tests.
pub static TESTS: Object = Object {
    name: "test file",
    help: "Baskets with the total that is expected.",
    keys: &[required(
        "tests",
        Type::List(&Type::Object(&TEST)),
        "The tests of this file, each after a dash.",
    )],
};

/// One test.
pub static TEST: Object = Object {
    name: "tests",
    help: "One basket, the moment it is bought, and what is expected.",
    keys: &[
        required("name", Type::Text, "What the test shows."),
        required("basket", Type::Object(&BASKET), "What is bought."),
        required("context", Type::Object(&CONTEXT), "When, where and by whom."),
        required("expect", Type::Object(&EXPECT), "What is expected."),
    ],
};

/// What is bought.
pub static BASKET: Object = Object {
    name: "basket",
    help: "What is bought.",
    keys: &[
        required("lines", Type::List(&Type::Object(&LINE)), "The lines of the receipt."),
        key("delivery", Type::Object(&BASKET_DELIVERY), "How the goods reach the customer."),
    ],
};

/// One line.
pub static LINE: Object = Object {
    name: "lines",
    help: "One line of the receipt. What is absent comes from the catalogue.",
    keys: &[
        key("id", Type::Text, "A name of the line."),
        required("sku", Type::Text, "The stock-keeping unit."),
        key("quantity", UNITS, "How many pieces. 1, when absent."),
        key("unit_price", Type::Amount, "The price of one piece before promotions."),
        key("measure", Type::Number, "Kilograms or meters of one piece."),
        key("brand", Type::Text, "The brand."),
        key("categories", WORDS, "Category paths."),
        key("tags", WORDS, "Tags."),
        key("cost", Type::Amount, "What the retailer paid for one piece."),
        key("no_promotions", Type::Flag, "true for a gift certificate, a deposit or a bag."),
    ],
};

/// How the goods reach the customer.
pub static BASKET_DELIVERY: Object = Object {
    name: "delivery",
    help: "How the goods reach the customer.",
    keys: &[
        required("method", Type::Text, "The method, such as courier."),
        key("price", Type::Amount, "What it costs before promotions."),
    ],
};

/// The purchase around the basket.
pub static CONTEXT: Object = Object {
    name: "context",
    help: "When, where and by whom.",
    keys: &[
        required("time", Type::Moment, "The moment, such as 2026-11-27 12:00."),
        key("channel", Type::Text, "The sales channel."),
        key("store", Type::Text, "The store."),
        key("customer", Type::Object(&CUSTOMER), "Who buys."),
        key("payment", Type::Text, "How it is paid."),
        key("codes", WORDS, "Codes that the customer names."),
        key(
            "gift_choices",
            Type::List(&Type::Object(&GIFT_CHOICE)),
            "What the customer chose among the gifts, one entry a piece.",
        ),
        key(
            "gift_stock",
            Type::List(&Type::Object(&GIFT_STOCK)),
            "How much is left to be given away. Goods that are not named are not limited.",
        ),
    ],
};

/// One piece that the customer chose.
pub static GIFT_CHOICE: Object = Object {
    name: "gift_choices",
    help: "One piece that the customer chose.",
    keys: &[
        required("promotion", Type::Text, "The id of the promotion that gives it."),
        required("sku", Type::Text, "The stock-keeping unit."),
    ],
};

/// How much is left to be given away.
pub static GIFT_STOCK: Object = Object {
    name: "gift_stock",
    help: "How much is left to be given away.",
    keys: &[
        required("sku", Type::Text, "The stock-keeping unit."),
        required("quantity", Type::Whole(0, UNITS_MAX), "How many pieces. 0 for none."),
    ],
};

/// Who buys.
pub static CUSTOMER: Object = Object {
    name: "customer",
    help: "Who buys.",
    keys: &[
        key("id", Type::Text, "A made-up id."),
        key("segments", WORDS, "Segments."),
        key("tier", Type::Text, "The tier of the loyalty card."),
        key("birthday", Type::Moment, "The day of birth, such as 1990-11-27."),
        key("first_purchase", Type::Flag, "true for the first purchase."),
        key(
            "attributes",
            Type::MapOf(&Type::Any(&[Type::Text, Type::Number, Type::Flag])),
            "What the CRM knows, by name.",
        ),
    ],
};

/// What is expected.
pub static EXPECT: Object = Object {
    name: "expect",
    help: "What is expected.",
    keys: &[
        required("total", Type::Amount, "What the customer pays for goods and delivery."),
        key("discount", Type::Amount, "What promotions take off."),
        key("promotions", WORDS, "The ids of the promotions that apply, in any order; [] for none."),
        key(
            "gifts",
            Type::List(&Type::Object(&EXPECTED_GIFT)),
            "What is given, in any order, with lines that became a gift; [] for nothing.",
        ),
        key("points", Type::Whole(0, BASKETS_MAX), "The points that are earned."),
    ],
};

/// A gift that is expected.
pub static EXPECTED_GIFT: Object = Object {
    name: "gifts",
    help: "A gift that is expected.",
    keys: &[
        key("sku", Type::Text, "What is given."),
        key(
            "options",
            WORDS,
            "What may be chosen from, where the customer has not chosen yet; instead of sku.",
        ),
        key("quantity", UNITS, "How many pieces. 1, when absent."),
    ],
};
