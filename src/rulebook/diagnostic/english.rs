//! What the findings say in English.

use crate::rulebook::diagnostic::finding::{Break, Clash, Encoding, Finding, Never, Noun, Shape};

/// What is wrong, in one sentence.
#[must_use]
pub fn message(finding: &Finding) -> String {
    match finding {
        Finding::FileTooLarge(limit) => format!("the file is larger than {} MB", limit / 1_048_576),
        Finding::NotUtf8(Encoding::Utf16) => "the file is saved as UTF-16, not as UTF-8".to_owned(),
        Finding::NotUtf8(Encoding::Windows1251) => {
            "the file is saved in an old Windows encoding (windows-1251), not in UTF-8".to_owned()
        }
        Finding::NotUtf8(Encoding::Other) => "this is not UTF-8 text".to_owned(),
        Finding::ControlCharacter(code) => format!("there is an invisible character here (U+{code:04X})"),
        Finding::Broken(broken) => broken_message(broken),
        Finding::TooDeep(limit) => format!("values are nested more than {limit} levels deep"),
        Finding::TooManyValues(limit) => format!("the file holds more than {limit} values"),
        Finding::AliasBomb => "the aliases (`*name`) of this file repeat too much".to_owned(),
        Finding::TooLong(limit) => format!("this value is longer than {limit} characters"),
        Finding::SeveralDocuments => "`---` begins a second document in the same file".to_owned(),
        Finding::Tag => "tags with `!` are not used in rule files".to_owned(),
        Finding::KeyNotWord => "the name of a field must be a word".to_owned(),
        Finding::DuplicateKey(key) => format!("`{key}` stands twice in the same place"),
        Finding::UnknownKey { key, inside, .. } => format!("`{inside}` has no field `{key}`"),
        Finding::MissingKey { key, inside } => format!("`{inside}` must have the field `{key}`"),
        Finding::WrongShape { key, expected } => format!("`{key}` must be {}", shape(*expected)),
        Finding::Empty(key) => format!("`{key}` has no value"),
        Finding::UnknownWord { noun: Noun::Value, word, .. } => {
            format!("`{word}` is not one of the words allowed here")
        }
        Finding::UnknownWord { noun, word, .. } => format!("there is no {} `{word}`", self::noun(*noun)),
        Finding::CurlyQuote => {
            "a curly quote opens here without closing, or closes without opening".to_owned()
        }
        Finding::NotANumber(text) => format!("`{text}` is not a number"),
        Finding::AmbiguousNumber { text, thousands, fraction, .. } => {
            format!("`{text}` can mean {thousands} or {fraction}")
        }
        Finding::TooManyDigits { text, currency, digits: 0 } => {
            format!("`{text}` has a fraction, but {currency} has none")
        }
        Finding::TooManyDigits { text, currency, digits } => {
            format!("`{text}` has more than the {digits} decimal digits of {currency}")
        }
        Finding::BadPercent(text) => format!("`{text}` is not a percentage from 0 to 100"),
        Finding::Negative(text) => format!("`{text}` is below zero"),
        Finding::OutOfRange { text, least, most } => format!("`{text}` is not between {least} and {most}"),
        Finding::NotADate(text) => format!("`{text}` is not a date"),
        Finding::NoSuchDay(text) => format!("there is no such day or time as `{text}`"),
        Finding::NotHours(text) => format!("`{text}` is not a span of hours"),
        Finding::WindowBackwards => "the promotion ends before it starts".to_owned(),
        Finding::BadId(id) => format!("`{id}` cannot be an id"),
        Finding::DuplicateId(id) => format!("the id `{id}` is already taken"),
        Finding::NoBenefit => "the promotion does not say what it gives".to_owned(),
        Finding::TwoBenefits(first, second) => format!("`{first}` and `{second}` cannot both be given"),
        Finding::CapBounds => "a cap must have exactly one bound".to_owned(),
        Finding::Clash(clash) => clash_message(*clash).to_owned(),
        Finding::TiersNotAscending(from) => format!("the tier from {from} stands after a higher one"),
        Finding::TierTwice(from) => format!("there are two tiers from {from}"),
        Finding::Never(never) => never_message(never).to_owned(),
        Finding::UnknownStacking { name, .. } => format!("no promotion has the id or the group `{name}`"),
        Finding::NoSuchFile { name, .. } => format!("there is no file `{name}` in the rules folder"),
        Finding::NotCsv(name) => format!("`{name}` is not a CSV file"),
        Finding::NoColumn(column) => format!("the first line has no column `{column}`"),
        Finding::ColumnTwice(column) => format!("the column `{column}` stands twice"),
        Finding::CellCount(expected, got) => {
            format!("this row has {got} cells, the heading has {expected}")
        }
        Finding::CsvQuote => "a quote that opens here is never closed".to_owned(),
        Finding::EmptyCell(column) => format!("the cell in the column `{column}` is empty"),
        Finding::SkuTwice(sku) => format!("the sku `{sku}` stands twice"),
        Finding::TooManyRows(limit) => format!("the file has more than {limit} rows"),
        Finding::SettingsElsewhere => "settings count only at the root of the rules folder".to_owned(),
        Finding::SettingsTwice(other) => format!("the folder has two settings files, this one and `{other}`"),
        Finding::Spreadsheet => "spreadsheets are not read yet".to_owned(),
        Finding::NothingInFile => "the file holds no promotions and no caps".to_owned(),
        Finding::IgnoredColumn(column) => format!("the column `{column}` is not used"),
        Finding::SkuNotInCatalog(sku) => format!("the catalogue has no sku `{sku}`"),
        Finding::WordNotInCatalog { noun, word, .. } => {
            format!("no product in the catalogue has the {} `{word}`", self::noun(*noun))
        }
        Finding::SkippedHour(text) => format!("clocks skip {text} that day: they go forward"),
        Finding::RepeatedHour(text) => format!("{text} comes twice that day: clocks go back"),
        Finding::AlwaysBeaten { id, by } => format!("`{id}` is of no use: `{by}` always takes off at least as much"),
        Finding::SharedCode { code, other } => format!("the code `{code}` also belongs to `{other}`"),
        Finding::FullMargin => "no price leaves a margin of 100 %".to_owned(),
        Finding::CheapestAll => "`cheapest` reduces every piece of the set, not only the cheapest".to_owned(),
        Finding::SlotsOverlap => {
            "the same goods fit this slot and one without a benefit: the customer's best price reduces the dearer piece"
                .to_owned()
        }
        Finding::HeldByCap { id, cap } => {
            format!("`{id}` never takes anything off: the cap `{cap}` holds the prices of all its goods")
        }
        Finding::NoPrices => "the price list has no prices, so it takes nothing off".to_owned(),
        Finding::More(1) => "and one more finding in this file".to_owned(),
        Finding::More(count) => format!("and {count} more findings in this file"),
    }
}

/// What to write instead.
#[must_use]
pub fn advice(finding: &Finding) -> Option<String> {
    Some(match finding {
        Finding::FileTooLarge(_) => "split it into several files".to_owned(),
        Finding::NotUtf8(_) => "save the file again and choose the encoding UTF-8".to_owned(),
        Finding::ControlCharacter(_) => "delete it and type the text again".to_owned(),
        Finding::Broken(broken) => return broken_advice(broken),
        Finding::TooDeep(_) => {
            "a rule file needs no more than six or seven levels: see the examples".to_owned()
        }
        Finding::TooManyValues(_) => {
            "split the file into several; long price lists belong in a CSV".to_owned()
        }
        Finding::AliasBomb => "write the values out".to_owned(),
        Finding::TooLong(_) => "shorten it; a list of goods is written as `[A, B, C]`".to_owned(),
        Finding::SeveralDocuments => {
            "delete the `---` line, or put the second part into a file of its own".to_owned()
        }
        Finding::Tag => "write the value without `!`; in quotes when it begins with it".to_owned(),
        Finding::KeyNotWord => "write `field: value`".to_owned(),
        Finding::DuplicateKey(_) => "keep one of the two".to_owned(),
        Finding::UnknownKey { suggestion: Some(word), .. } => format!("did you mean `{word}`?"),
        Finding::UnknownKey { belongs: Some(place), key, .. } => format!("`{key}` belongs in `{place}`"),
        Finding::UnknownKey { inside, .. } => format!("delete it; the manual lists the fields of `{inside}`"),
        Finding::MissingKey { key, .. } => missing_advice(key),
        Finding::WrongShape { key, expected } => shape_advice(key, *expected),
        Finding::Empty(key) => format!("write a value after `{key}:`, or delete the line"),
        Finding::UnknownWord { suggestion: Some(word), .. } => format!("did you mean `{word}`?"),
        Finding::UnknownWord { noun: Noun::Currency, .. } => {
            "write the three letters of the currency, such as UAH, EUR or PLN".to_owned()
        }
        Finding::UnknownWord { noun: Noun::Zone, .. } => {
            "write a region and a city, such as Europe/Kyiv or Europe/Warsaw".to_owned()
        }
        Finding::UnknownWord { known, .. } if known.is_empty() => {
            "add it to settings.yaml first, or correct the word".to_owned()
        }
        Finding::UnknownWord { known, .. } => format!("there are: {}", list(known)),
        Finding::CurlyQuote => "use plain quotes: \"…\"".to_owned(),
        Finding::NotANumber(_) => "write it in digits, such as 15, 12.50 or 1 999".to_owned(),
        Finding::AmbiguousNumber { thousands, plainly, .. } => format!("write {thousands} or {plainly}"),
        Finding::TooManyDigits { digits: 0, .. } => "write a whole number".to_owned(),
        Finding::TooManyDigits { digits, .. } => format!("write at most {digits} digits after the point"),
        Finding::BadPercent(_) => {
            "write a number such as 15 or 12.5, with at most four decimal places".to_owned()
        }
        Finding::Negative(_) => "write it without the minus: a discount is always taken off".to_owned(),
        Finding::OutOfRange { least, most, .. } => format!("write a whole number from {least} to {most}"),
        Finding::NotADate(_) => "write 2026-11-27, or 2026-11-27 10:00".to_owned(),
        Finding::NoSuchDay(_) => "look at the calendar; dates are written year-month-day".to_owned(),
        Finding::NotHours(_) => "write \"10:00-14:00\"".to_owned(),
        Finding::WindowBackwards => "swap `from` and `until`, or correct the year".to_owned(),
        Finding::BadId(_) => {
            "use 1 to 64 Latin letters, digits, `-`, `_` and `.`, such as summer-2026".to_owned()
        }
        Finding::DuplicateId(_) => "give one of the two another id".to_owned(),
        Finding::NoBenefit => "add `give`, for example `give: {percent: 20}`".to_owned(),
        Finding::TwoBenefits(..) => "keep one, and put the other into a promotion of its own".to_owned(),
        Finding::CapBounds => "write one of `max_percent`, `min_price`, `min_margin_percent`".to_owned(),
        Finding::Clash(clash) => clash_advice(*clash).to_owned(),
        Finding::TiersNotAscending(_) => "put the tiers in order, the lowest `from` first".to_owned(),
        Finding::TierTwice(_) => "keep one of the two".to_owned(),
        Finding::Never(never) => never_advice(never).to_owned(),
        Finding::UnknownStacking { suggestion: Some(word), .. }
        | Finding::NoSuchFile { suggestion: Some(word), .. } => {
            format!("did you mean `{word}`?")
        }
        Finding::UnknownStacking { .. } => {
            "name the `id` or the `group` of another promotion, or write `all`".to_owned()
        }
        Finding::NoSuchFile { .. } => "put the file into the folder, or correct the name".to_owned(),
        Finding::NotCsv(_) => "save the table as CSV and name that file".to_owned(),
        Finding::NoColumn(column) => {
            format!("begin the file with a line of headings, one of them `{column}`")
        }
        Finding::ColumnTwice(_) => "keep one of the two".to_owned(),
        Finding::CellCount(..) => "put a text that holds the separator into quotes".to_owned(),
        Finding::CsvQuote => "close it; a quote inside a quoted cell is written twice".to_owned(),
        Finding::EmptyCell(_) => "fill it in, or delete the row".to_owned(),
        Finding::SkuTwice(_) => "keep one row a sku".to_owned(),
        Finding::TooManyRows(_) => "split it into several files".to_owned(),
        Finding::SettingsElsewhere => "move it to the root, or give the file another name".to_owned(),
        Finding::SettingsTwice(_) => "keep one of the two".to_owned(),
        Finding::Spreadsheet => {
            "write the promotions as YAML for now; a table of prices can be saved as CSV".to_owned()
        }
        Finding::NothingInFile => "begin with `promotions:` or `caps:`".to_owned(),
        Finding::IgnoredColumn(_) => {
            "the columns read are sku, name, brand, category, price, cost and tags".to_owned()
        }
        Finding::SkuNotInCatalog(_) => {
            "check the number; when the product arrives later, nothing is to be done".to_owned()
        }
        Finding::WordNotInCatalog { suggestion: Some(word), .. } => format!("did you mean `{word}`?"),
        Finding::WordNotInCatalog { .. } => {
            "check the spelling; when the goods arrive later, nothing is to be done".to_owned()
        }
        Finding::SkippedHour(_) => "the time one hour later is meant; write a time that exists".to_owned(),
        Finding::RepeatedHour(_) => {
            "the first of the two is meant; choose another time to be sure".to_owned()
        }
        Finding::AlwaysBeaten { .. } => "delete it, or let the two add up with `stacks_with`".to_owned(),
        Finding::CheapestAll => {
            "make `units` smaller than the number of pieces in `buy`; for every piece give `percent`".to_owned()
        }
        Finding::SlotsOverlap => {
            "probably `give: {cheapest: …}` is meant; else let the slots name different goods, or add `assign: retailer`"
                .to_owned()
        }
        Finding::HeldByCap { .. } => {
            "take these goods out of the cap with `except`, or delete the promotion".to_owned()
        }
        Finding::NoPrices => "fill it, or delete the promotion that names it".to_owned(),
        Finding::SharedCode { .. } => "that is allowed: the best price decides which one works".to_owned(),
        Finding::FullMargin => "write a margin below 100".to_owned(),
        Finding::More(_) => return None,
    })
}

fn list(words: &[String]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

fn noun(noun: Noun) -> &'static str {
    match noun {
        Noun::Channel => "channel",
        Noun::Store => "store",
        Noun::City => "city",
        Noun::Region => "region",
        Noun::Segment => "segment",
        Noun::Currency => "currency",
        Noun::Zone => "time zone",
        Noun::Weekday => "day of the week",
        Noun::Brand => "brand",
        Noun::Category => "category",
        Noun::Tag => "tag",
        Noun::Value => "word",
    }
}

fn shape(shape: Shape) -> &'static str {
    match shape {
        Shape::Fields => "a group of fields",
        Shape::List => "a list",
        Shape::Text => "a single text",
        Shape::Number => "a number",
        Shape::Whole => "a whole number",
        Shape::Flag => "`true` or `false`",
        Shape::Rules => "a group of fields: `promotions`, `caps`",
    }
}

fn shape_advice(key: &str, expected: Shape) -> String {
    match expected {
        Shape::Fields if key == "on" => "write `on: {brands: [Dior]}`".to_owned(),
        Shape::Fields if key == "when" => "write `when: {channels: [web]}`".to_owned(),
        Shape::Fields if key == "give" => "write `give: {percent: 20}`".to_owned(),
        Shape::Fields if key == "spend" => "write `spend: {at_least: 1000}`".to_owned(),
        Shape::Fields => format!("write `{key}: {{field: value}}`"),
        Shape::List => format!("write `{key}: [one, two]`, or each entry on its own line after `- `"),
        Shape::Text => format!("write one value after `{key}:`"),
        Shape::Number => "write it in digits, such as 15, 12.50 or 1 999".to_owned(),
        Shape::Whole => "write a whole number, such as 3".to_owned(),
        Shape::Flag => format!("write `{key}: true` or `{key}: false`"),
        Shape::Rules => "begin with `promotions:` and put each promotion below it after `- `".to_owned(),
    }
}

fn missing_advice(key: &str) -> String {
    match key {
        "id" => "add `id: ` with a short name of its own, such as summer-2026".to_owned(),
        "give" => "add `give`, for example `give: {percent: 20}`".to_owned(),
        "on" => "say which goods, for example `on: {brands: [Dior]}`".to_owned(),
        _ => format!("add `{key}: …`"),
    }
}

fn never_message(never: &Never) -> &'static str {
    match never {
        Never::Price => "no price is at least the one and below the other, so the promotion can never apply",
        Never::Range => "no number is at least the one and below the other, so the promotion can never apply",
        Never::Except => "`except` takes out everything that is chosen, so the promotion can never apply",
        Never::Zero => "with zero the promotion can never apply",
        Never::Nothing => "this takes nothing off, so the promotion can never apply",
        Never::Hours => "the hours begin and end at the same time, so the promotion can never apply",
        Never::EmptyList => "the list is empty, so the promotion can never apply",
        Never::Units => "fewer pieces may take part than the promotion needs, so it can never apply",
        Never::Days => {
            "these days and hours do not come between `from` and `until`, so the promotion can never apply"
        }
        Never::PriceKept => "none of the goods cost more than this, so the promotion can never apply",
    }
}

fn never_advice(never: &Never) -> &'static str {
    match never {
        Never::Price | Never::Range => "make `at_least` smaller than `below`",
        Never::Except => "delete the entry from `except`, or choose more goods",
        Never::Zero => "write 1 or more, or delete the line",
        Never::Nothing => "write how much it gives, or delete the promotion",
        Never::Hours => "for the whole day delete `hours`",
        Never::EmptyList => "fill the list, or delete the line: without it everything is meant",
        Never::Units => {
            "raise `limits.units` to the pieces of one set or of the lowest tier; `limits.sets` limits sets"
        }
        Never::Days => "look at the calendar: correct the dates, the weekdays or the hours",
        Never::PriceKept => "write a lower `price`, or goods that cost more",
    }
}

fn clash_message(clash: Clash) -> &'static str {
    match clash {
        Clash::Every => "`every` works only with `basket_amount`",
        Clash::EveryOfNothing => "`every` needs a sum above zero to repeat at",
        Clash::Units => "`limits.units` does not go with a benefit for the whole basket",
        Clash::Sets => "`limits.sets` works only with `buy`",
        Clash::Budget => "`limits.budget` counts money, and this promotion takes none off",
        Clash::OfList => "`of` works only with `percent`",
        Clash::StageItem => "a promotion with a sum to reach always takes effect in the basket stage",
        Clash::StageBasket => "only a plain `percent` can be put into the basket stage",
        Clash::AtLeastAndTiers => "`spend.at_least` and the tiers of `by_spend` both say from which sum",
        Clash::BuyAndOn => "`on` does not go with `buy`",
        Clash::BuyAndBenefit => "a set (`buy`) cannot give this",
        Clash::SpendAndBenefit => "`spend` does not go with this benefit",
        Clash::NeedsBuy => "this works only with `buy`",
        Clash::Count => "`count` works only with `by_quantity`",
        Clash::QuantityAndAtLeast => "write either `quantity` or `at_least`, not both",
        Clash::MaxDiscount => "`max_discount` does not go with this benefit",
        Clash::SlotsAndSet => "the slots and the set cannot both carry a benefit",
        Clash::ChooseTooMany => "more gifts are to be chosen than are listed",
        Clash::CheapestTooMany => "`cheapest` names more pieces than the set has",
        Clash::AssignGift => "`assign` does not go with a gift",
    }
}

fn clash_advice(clash: Clash) -> &'static str {
    match clash {
        Clash::Every => "delete `every`, or give a `basket_amount`",
        Clash::EveryOfNothing => "add `at_least`, for example `spend: {at_least: 1000, every: true}`",
        Clash::Units => "delete it; `max_discount` limits how much is taken off",
        Clash::Sets => "delete it; `limits.units` limits how many pieces take part",
        Clash::Budget => "delete it; `limits.total` limits how many baskets get it",
        Clash::OfList => "delete `of`",
        Clash::StageItem => "delete `stage`",
        Clash::StageBasket => "delete `stage`",
        Clash::AtLeastAndTiers => "delete `at_least`: the first tier says it",
        Clash::BuyAndOn => "put `on` into the slots of `buy`",
        Clash::BuyAndBenefit => "a set gives `percent`, `amount`, `price`, `cheapest` or a gift",
        Clash::SpendAndBenefit => {
            "delete `spend`, or ask for the sum with `when: {basket_has: {at_least: …}}`"
        }
        Clash::NeedsBuy => "add `buy`, for example `buy: [{on: {brands: [Dior]}, quantity: 3}]`",
        Clash::Count => "delete `count`",
        Clash::QuantityAndAtLeast => "`quantity` asks for pieces, `at_least` for a sum",
        Clash::MaxDiscount => "delete `max_discount`",
        Clash::SlotsAndSet => "keep the benefits of the slots, or `give`",
        Clash::ChooseTooMany => "make `choose` smaller, or list more gifts",
        Clash::CheapestTooMany => "make `units` smaller than the number of pieces in `buy`",
        Clash::AssignGift => "delete `assign`: it says which pieces of a set are reduced",
    }
}

fn broken_message(broken: &Break) -> String {
    match broken {
        Break::Tab => "the line is indented with a tab".to_owned(),
        Break::Indent => "this line stands too far left or too far right".to_owned(),
        Break::Unclosed(open) => format!("the bracket `{open}` is never closed"),
        Break::Mismatched(open, close) => format!("`{open}` cannot be closed by `{close}`"),
        Break::Stray => "a bracket closes here that was never opened".to_owned(),
        Break::Quote => "a quote that opens here is never closed".to_owned(),
        Break::AfterQuote => "something follows the closing quote".to_owned(),
        Break::Escape => "the backslash means nothing here".to_owned(),
        Break::Comma => "a comma or a closing bracket is missing".to_owned(),
        Break::Colon => "a colon after the name of the field is missing".to_owned(),
        Break::SecondColon => "there is a second colon on this line".to_owned(),
        Break::Sign(sign) => format!("a value without quotes cannot begin with `{sign}`"),
        Break::Alias => "this alias (`*name`) repeats a value that is not there".to_owned(),
        Break::End => "the file ends in the middle of a value".to_owned(),
        Break::Other => "this cannot be read".to_owned(),
    }
}

fn broken_advice(broken: &Break) -> Option<String> {
    Some(match broken {
        Break::Tab => "replace the tab by two or more spaces".to_owned(),
        Break::Indent => "let it begin exactly below the line it belongs with".to_owned(),
        Break::Unclosed('[') => "add `]`; was the file copied whole?".to_owned(),
        Break::Unclosed(_) => "add `}`; was the file copied whole?".to_owned(),
        Break::Mismatched('[', _) => "close it with `]`".to_owned(),
        Break::Mismatched(..) => "close it with `}`".to_owned(),
        Break::Stray => "delete it, or add the opening one".to_owned(),
        Break::Quote => "add the closing quote; was the file copied whole?".to_owned(),
        Break::AfterQuote => "put a comma between two values, or all of one value into the quotes".to_owned(),
        Break::Escape => "write `\\\\` for a backslash, or use single quotes".to_owned(),
        Break::Comma => "put a comma between the entries and close every bracket".to_owned(),
        Break::Colon => "write `field: value`, with a space after the colon".to_owned(),
        Break::SecondColon => {
            "put each field on its own line, or a value with a colon into quotes".to_owned()
        }
        Break::Sign(_) => "put the value into quotes".to_owned(),
        Break::Alias => "write the value out; in quotes when it begins with `*`".to_owned(),
        Break::End => "was the file copied whole?".to_owned(),
        Break::Other => {
            "compare the line with the examples; a value with signs in it needs quotes".to_owned()
        }
    })
}
