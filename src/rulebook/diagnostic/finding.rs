//! Everything that can be wrong in a rule file, as data. The words come last, one file a language.

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The file is not taken.
    Error,
    /// The file is taken; look at it all the same.
    Warning,
}

/// What a word in a rule file names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Noun {
    /// A sales channel of the settings.
    Channel,
    /// A store of the settings.
    Store,
    /// A city in which the settings have a store.
    City,
    /// A region in which the settings have a store.
    Region,
    /// A segment of the settings.
    Segment,
    /// A currency of ISO 4217.
    Currency,
    /// A time zone of the IANA database.
    Zone,
    /// A day of the week.
    Weekday,
    /// A brand.
    Brand,
    /// A category path.
    Category,
    /// A tag.
    Tag,
    /// One word out of a closed list.
    Value,
}

/// What should stand in a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Fields with values.
    Fields,
    /// A list.
    List,
    /// One text.
    Text,
    /// A number.
    Number,
    /// A whole number.
    Whole,
    /// `true` or `false`.
    Flag,
    /// `promotions` or `caps` at the root.
    Rules,
}

/// Which encoding the bytes look like when they are not UTF-8.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// A byte order mark of UTF-16.
    Utf16,
    /// Cyrillic letters of the older Windows.
    Windows1251,
    /// No guess.
    Other,
}

/// How a text is no YAML.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Break {
    /// A tab where blanks must indent.
    Tab,
    /// A line that stands too far left or right.
    Indent,
    /// A bracket that is never closed.
    Unclosed(char),
    /// A bracket that closes another one.
    Mismatched(char, char),
    /// A closing bracket without an opening one.
    Stray,
    /// A quote that is never closed.
    Quote,
    /// Text after the closing quote.
    AfterQuote,
    /// A backslash that means nothing.
    Escape,
    /// A comma or the end of a list is missing.
    Comma,
    /// A colon is missing.
    Colon,
    /// A colon in a value that has no quotes, or two fields on a line.
    SecondColon,
    /// A value that begins with a sign of YAML.
    Sign(char),
    /// An alias of nothing.
    Alias,
    /// The text ends too early.
    End,
    /// Anything else.
    Other,
}

/// A pair of fields, or a field and a kind, that cannot meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clash {
    /// `every` repeats an amount of the basket, nothing else.
    Every,
    /// `every` needs a sum to repeat at.
    EveryOfNothing,
    /// `limits.units` with a benefit for the whole basket.
    Units,
    /// `limits.sets` without a set.
    Sets,
    /// `limits.budget` of what takes no money off.
    Budget,
    /// `of: list` where no percentage is.
    OfList,
    /// `stage: item` on a spend.
    StageItem,
    /// `stage: basket` on what is no plain percentage.
    StageBasket,
    /// `at_least` beside tiers.
    AtLeastAndTiers,
    /// `buy` and `on` together.
    BuyAndOn,
    /// `buy` with a benefit that sets do not have.
    BuyAndBenefit,
    /// `spend` with a benefit that has none.
    SpendAndBenefit,
    /// `assign` or `cheapest` without `buy`.
    NeedsBuy,
    /// `count` without `by_quantity`.
    Count,
    /// `quantity` and `at_least` together.
    QuantityAndAtLeast,
    /// `max_discount` where nothing is taken off.
    MaxDiscount,
    /// Slots with benefits of their own beside one for the set.
    SlotsAndSet,
    /// `choose` is larger than the list of gifts.
    ChooseTooMany,
    /// `cheapest` names more pieces than the set has.
    CheapestTooMany,
    /// `assign` with a gift.
    AssignGift,
}

/// Why a promotion could never apply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Never {
    /// `price.at_least` is not below `price.below`.
    Price,
    /// `at_least` of an attribute is not below its `below`.
    Range,
    /// The exceptions take out everything that is chosen.
    Except,
    /// The largest possible number is zero.
    Zero,
    /// It takes off nothing.
    Nothing,
    /// Its hours begin and end at the same time.
    Hours,
    /// A list that holds nothing.
    EmptyList,
    /// Fewer pieces may take part than it needs.
    Units,
    /// Its weekdays and hours never come between its first and last day.
    Days,
    /// Its goods cost no more than its price.
    PriceKept,
}

/// One kind of finding with what its sentence needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// More bytes than a file of its kind may have.
    FileTooLarge(usize),
    /// Not UTF-8.
    NotUtf8(Encoding),
    /// A character that no text holds, such as NUL.
    ControlCharacter(u32),
    /// The text is no YAML and no JSON.
    Broken(Break),
    /// Deeper than any rule file.
    TooDeep(usize),
    /// More values than a rule file may have.
    TooManyValues(usize),
    /// Aliases repeat too much.
    AliasBomb,
    /// One value is longer than any that is meant.
    TooLong(usize),
    /// A `---` begins a second document.
    SeveralDocuments,
    /// A `!tag`.
    Tag,
    /// A key that is a list, a mapping or empty.
    KeyNotWord,
    /// The same key again; the second place is the first one.
    DuplicateKey(String),
    /// A key that nobody knows here.
    UnknownKey {
        /// As it is written.
        key: String,
        /// In which object.
        inside: &'static str,
        /// What was probably meant.
        suggestion: Option<String>,
        /// The object in which it is known.
        belongs: Option<&'static str>,
    },
    /// A key that must be there.
    MissingKey {
        /// The key.
        key: &'static str,
        /// In which object.
        inside: &'static str,
    },
    /// Another shape is expected.
    WrongShape {
        /// What the value is for.
        key: String,
        /// What should stand there.
        expected: Shape,
    },
    /// A key without a value.
    Empty(String),
    /// A word that nobody knows.
    UnknownWord {
        /// What it should name.
        noun: Noun,
        /// As it is written.
        word: String,
        /// What was probably meant.
        suggestion: Option<String>,
        /// Some that are known.
        known: Vec<String>,
    },
    /// A curly quote that opens or closes nothing.
    CurlyQuote,
    /// No number.
    NotANumber(String),
    /// A comma before three digits: a thousand or a fraction.
    AmbiguousNumber {
        /// As it is written.
        text: String,
        /// Read with a comma between thousands.
        thousands: String,
        /// Read with a comma before a fraction.
        fraction: String,
        /// That fraction as it has one meaning.
        plainly: String,
    },
    /// More digits than the currency has.
    TooManyDigits {
        /// As it is written.
        text: String,
        /// The currency.
        currency: &'static str,
        /// Its digits.
        digits: u32,
    },
    /// A percentage below 0 or above 100, or with more than four decimal places.
    BadPercent(String),
    /// Below zero.
    Negative(String),
    /// Outside the bounds.
    OutOfRange {
        /// As it is written.
        text: String,
        /// The lowest.
        least: i64,
        /// The highest.
        most: i64,
    },
    /// No date.
    NotADate(String),
    /// A date that no calendar has.
    NoSuchDay(String),
    /// No hours of the day.
    NotHours(String),
    /// Ends before it starts.
    WindowBackwards,
    /// An id with letters that ids do not have.
    BadId(String),
    /// One id twice; the second place is the first one.
    DuplicateId(String),
    /// A promotion that gives nothing.
    NoBenefit,
    /// A promotion or a tier that gives two things.
    TwoBenefits(&'static str, &'static str),
    /// A cap without a bound or with two.
    CapBounds,
    /// Fields that cannot meet.
    Clash(Clash),
    /// Tiers that do not rise.
    TiersNotAscending(String),
    /// A tier twice.
    TierTwice(String),
    /// A promotion that can never apply.
    Never(Never),
    /// `stacks_with` names nothing.
    UnknownStacking {
        /// As it is written.
        name: String,
        /// What was probably meant.
        suggestion: Option<String>,
    },
    /// A file that is named but not there.
    NoSuchFile {
        /// As it is named.
        name: String,
        /// What was probably meant.
        suggestion: Option<String>,
    },
    /// A named file that is no CSV.
    NotCsv(String),
    /// A column that must be there.
    NoColumn(&'static str),
    /// A column twice.
    ColumnTwice(String),
    /// A row with another number of cells than the heading.
    CellCount(usize, usize),
    /// A quote in a CSV that is never closed.
    CsvQuote,
    /// A cell that must be filled.
    EmptyCell(&'static str),
    /// One SKU twice; the second place is the first one.
    SkuTwice(String),
    /// More rows than a CSV may have.
    TooManyRows(usize),
    /// `settings.yaml` in a sub-folder.
    SettingsElsewhere,
    /// Two settings files at the root.
    SettingsTwice(String),
    /// A spreadsheet.
    Spreadsheet,
    /// A rule file without promotions and caps.
    NothingInFile,
    /// A column that nobody reads.
    IgnoredColumn(String),
    /// A SKU that the catalogue does not have.
    SkuNotInCatalog(String),
    /// A word that the catalogue does not have.
    WordNotInCatalog {
        /// What it names.
        noun: Noun,
        /// As it is written.
        word: String,
        /// What was probably meant.
        suggestion: Option<String>,
    },
    /// A time that daylight saving skips.
    SkippedHour(String),
    /// A time that daylight saving repeats.
    RepeatedHour(String),
    /// A promotion than which another one always takes off at least as much; the second place is the other.
    AlwaysBeaten {
        /// This one.
        id: String,
        /// The better one.
        by: String,
    },
    /// A code word that another promotion has too; the second place is the other.
    SharedCode {
        /// The word.
        code: String,
        /// The other promotion.
        other: String,
    },
    /// A margin that cannot be kept, because no price leaves it.
    FullMargin,
    /// `cheapest` reduces every piece of the set.
    CheapestAll,
    /// Goods fit a slot with a benefit and one without; the second place is the latter.
    SlotsOverlap,
    /// A cap holds everything that a promotion would take off; the second place is the cap.
    HeldByCap {
        /// The promotion.
        id: String,
        /// The cap.
        cap: String,
    },
    /// A price list without a price.
    NoPrices,
    /// So many more findings in this file.
    More(usize),
}

impl Finding {
    /// How bad it is.
    #[must_use]
    pub fn severity(&self) -> Severity {
        match self {
            Finding::NothingInFile
            | Finding::IgnoredColumn(_)
            | Finding::SkuNotInCatalog(_)
            | Finding::WordNotInCatalog { .. }
            | Finding::SkippedHour(_)
            | Finding::RepeatedHour(_)
            | Finding::AlwaysBeaten { .. }
            | Finding::SharedCode { .. }
            | Finding::CheapestAll
            | Finding::SlotsOverlap
            | Finding::HeldByCap { .. }
            | Finding::NoPrices => Severity::Warning,
            _ => Severity::Error,
        }
    }

    /// A fixed name for the kind of finding.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Finding::FileTooLarge(_) => "file-too-large",
            Finding::NotUtf8(_) => "not-utf8",
            Finding::ControlCharacter(_) => "control-character",
            Finding::Broken(_) => "broken-yaml",
            Finding::TooDeep(_) => "too-deep",
            Finding::TooManyValues(_) => "too-many-values",
            Finding::AliasBomb => "alias-bomb",
            Finding::TooLong(_) => "too-long",
            Finding::SeveralDocuments => "several-documents",
            Finding::Tag => "tag",
            Finding::KeyNotWord => "key-not-word",
            Finding::DuplicateKey(_) => "duplicate-key",
            Finding::UnknownKey { .. } => "unknown-key",
            Finding::MissingKey { .. } => "missing-key",
            Finding::WrongShape { .. } => "wrong-shape",
            Finding::Empty(_) => "empty",
            Finding::UnknownWord { .. } => "unknown-word",
            Finding::CurlyQuote => "curly-quote",
            Finding::NotANumber(_) => "not-a-number",
            Finding::AmbiguousNumber { .. } => "ambiguous-number",
            Finding::TooManyDigits { .. } => "too-many-digits",
            Finding::BadPercent(_) => "bad-percent",
            Finding::Negative(_) => "negative",
            Finding::OutOfRange { .. } => "out-of-range",
            Finding::NotADate(_) => "not-a-date",
            Finding::NoSuchDay(_) => "no-such-day",
            Finding::NotHours(_) => "not-hours",
            Finding::WindowBackwards => "window-backwards",
            Finding::BadId(_) => "bad-id",
            Finding::DuplicateId(_) => "duplicate-id",
            Finding::NoBenefit => "no-benefit",
            Finding::TwoBenefits(..) => "two-benefits",
            Finding::CapBounds => "cap-bounds",
            Finding::Clash(_) => "clash",
            Finding::TiersNotAscending(_) => "tiers-not-ascending",
            Finding::TierTwice(_) => "tier-twice",
            Finding::Never(_) => "never-applies",
            Finding::UnknownStacking { .. } => "unknown-stacking",
            Finding::NoSuchFile { .. } => "no-such-file",
            Finding::NotCsv(_) => "not-csv",
            Finding::NoColumn(_) => "no-column",
            Finding::ColumnTwice(_) => "column-twice",
            Finding::CellCount(..) => "cell-count",
            Finding::CsvQuote => "csv-quote",
            Finding::EmptyCell(_) => "empty-cell",
            Finding::SkuTwice(_) => "sku-twice",
            Finding::TooManyRows(_) => "too-many-rows",
            Finding::SettingsElsewhere => "settings-elsewhere",
            Finding::SettingsTwice(_) => "settings-twice",
            Finding::Spreadsheet => "spreadsheet",
            Finding::NothingInFile => "nothing-in-file",
            Finding::IgnoredColumn(_) => "ignored-column",
            Finding::SkuNotInCatalog(_) => "sku-not-in-catalog",
            Finding::WordNotInCatalog { .. } => "word-not-in-catalog",
            Finding::SkippedHour(_) => "skipped-hour",
            Finding::RepeatedHour(_) => "repeated-hour",
            Finding::AlwaysBeaten { .. } => "always-beaten",
            Finding::SharedCode { .. } => "shared-code",
            Finding::FullMargin => "full-margin",
            Finding::CheapestAll => "cheapest-all",
            Finding::SlotsOverlap => "slots-overlap",
            Finding::HeldByCap { .. } => "held-by-cap",
            Finding::NoPrices => "no-prices",
            Finding::More(_) => "more",
        }
    }
}
