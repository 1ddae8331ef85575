//! Makes the sample chain that the example rule files price: settings with 69 stores, a catalog of 200 brands,
//! a VIP wish list and 200 baskets. Everything in it is invented.
//!
//! ```text
//! cargo run --example sample_chain            # into rules/
//! cargo run --example sample_chain -- FOLDER
//! ```
//!
//! The bytes are the same on every run and machine: fixed seeds, whole numbers, no clock. Each file has a seed of
//! its own, so that a change to the baskets leaves the catalog as it was.

use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

type Outcome<T> = Result<T, Box<dyn Error>>;

const CATALOG_SEED: u64 = 20_261_122;
const WISHLIST_SEED: u64 = 60;
const BASKETS_SEED: u64 = 200;
const WISHLIST_GOODS: usize = 60;
const BASKETS: u64 = 200;

fn main() -> Outcome<()> {
    let folder = std::env::args_os().nth(1).map_or_else(|| PathBuf::from("rules"), PathBuf::from);
    std::fs::create_dir_all(&folder)?;
    let goods = goods()?;
    write(&folder, "settings.yaml", &settings()?)?;
    write(&folder, "catalog.csv", &catalog(&goods)?)?;
    write(&folder, "vip-wishlist.csv", &wishlist(&goods)?)?;
    write(&folder, "baskets.jsonl", &baskets(&goods)?)?;
    println!("{} goods, {BASKETS} baskets in {}", goods.len(), folder.display());
    Ok(())
}

fn write(folder: &Path, name: &str, text: &str) -> Outcome<()> {
    let path = folder.join(name);
    std::fs::write(&path, text).map_err(|error| format!("cannot write `{}`: {error}", path.display()))?;
    Ok(())
}

// ---------------------------------------------------------------------------------------------- stores

struct City {
    id: &'static str,
    region: &'static str,
    stores: u64,
}

const fn city(id: &'static str, region: &'static str, stores: u64) -> City {
    City { id, region, stores }
}

const CITIES: [City; 22] = [
    city("kyiv", "centre", 16),
    city("vinnytsia", "centre", 3),
    city("poltava", "centre", 2),
    city("cherkasy", "centre", 1),
    city("kropyvnytskyi", "centre", 1),
    city("lviv", "west", 7),
    city("ivano-frankivsk", "west", 2),
    city("ternopil", "west", 2),
    city("rivne", "west", 2),
    city("uzhhorod", "west", 2),
    city("khmelnytskyi", "west", 2),
    city("lutsk", "west", 1),
    city("chernivtsi", "west", 1),
    city("kharkiv", "east", 6),
    city("dnipro", "east", 6),
    city("zaporizhzhia", "east", 3),
    city("kryvyi-rih", "east", 1),
    city("odesa", "south", 6),
    city("mykolaiv", "south", 2),
    city("zhytomyr", "north", 1),
    city("chernihiv", "north", 1),
    city("sumy", "north", 1),
];

const SETTINGS_HEAD: &str = "\
# Written by `cargo run --example sample_chain`: change the generator, not this file.
currency: UAH
time_zone: Europe/Kyiv
rounding: half_up
min_unit_price: 0.01          # fiscal printers refuse a line of zero
channels: [pos, web, app]
segments: [vip, sleeping_9m, sleeping_12m, staff, students, beauty_club, newborn_club]
catalog: [catalog.csv]
stores:                       # a promotion names a store, city:kyiv or region:west
";

fn settings() -> Outcome<String> {
    let mut text = String::from(SETTINGS_HEAD);
    for city in &CITIES {
        for number in 1..=city.stores {
            writeln!(text, "  {}: {{city: {}, region: {}}}", store_id(city, number), city.id, city.region)?;
        }
    }
    Ok(text)
}

fn store_id(city: &City, number: u64) -> String {
    format!("{}-{number:02}", city.id)
}

// ---------------------------------------------------------------------------------------------- brands

/// Brands that sell the same kinds of goods at one class of price.
struct House {
    brands: &'static [&'static str],
    /// Price class, in percent of the usual price of a kind.
    price_percent: u64,
    sells: &'static [&'static str],
    /// A tag on all goods of these brands.
    tag: Option<&'static str>,
    /// Tills know everyday goods by five digits, leading zeros included.
    digits_only: bool,
    vegan_percent: u64,
}

const LUXURY: [&str; 12] = [
    "Maison Orvalle",
    "Maison Vérenne",
    "Maison Cendralys",
    "Maison Quillène",
    "Atelier Nocturelle",
    "Domaine Solvène",
    "Palais d'Ombrelune",
    "Rue Obscarine",
    "Casa Verdalune",
    "Hôtel Brumarine",
    "Sylvaréa",
    "Aurélune",
];

const NICHE: [&str; 26] = [
    "Ostrélle",
    "Nuit Fauvine",
    "Vesperane",
    "Ombre Tilleuline",
    "Fumée Kéraline",
    "Lisière Noctuel",
    "Amberweft",
    "Saltmarrow",
    "Cinder & Quince",
    "Moss Ledger",
    "Nine Tides Apothek",
    "Inkwood Parlor",
    "Hollow Juniper",
    "Thornglass",
    "Oud Meridane",
    "Rosavelle Brume",
    "Vétivarque",
    "Sable Ondaine",
    "Clair Ombrage",
    "Irisoie",
    "Paravelline",
    "Corvannelle",
    "Eaumire",
    "Floranne Grise",
    "Myrrhfold",
    "Tonkaléa",
];

const PERFUMERY: [&str; 14] = [
    "Velmorane",
    "Parfums Tavoline",
    "Azurade",
    "Citadelle Rosaire",
    "Notte Sirenella",
    "Fiorventane",
    "Mandarelle",
    "Brisa Nortena",
    "Blue Pavilion",
    "Lumière de Zinc",
    "Sienarosa",
    "Tramontane Club",
    "Vespérine",
    "Golden Latitude",
];

const SKIN: [&str; 25] = [
    "Pélagarde",
    "Luméarque",
    "Silvadrine",
    "Morningwell Lab",
    "Glasswater Works",
    "Plain Petal",
    "Softstone",
    "Dermica Halfmoon",
    "Koralith",
    "Brinefield",
    "Algavoix",
    "Célandrane",
    "Perlisane",
    "Mellifère Lab",
    "Doucelune",
    "Velouterre",
    "Tessalune",
    "Aloérisse",
    "Rizolune",
    "Quiet Barley",
    "Oat & Ember",
    "Snowmallow",
    "Birchmilk",
    "Derma Talvik",
    "Skarnveil",
];

const MAKE_UP: [&str; 30] = [
    "Vixaline",
    "Pigmenthaus",
    "Rouge Zéphanie",
    "Blinkwell",
    "Lash Theorem",
    "Paint Parade",
    "Matte Province",
    "Lipstory Lane",
    "Glimmerfold",
    "Kolorivka",
    "Barvysta",
    "Tintaroo",
    "Popsicle Rouge",
    "Loud Peony",
    "Sugarquill",
    "Neon Fig",
    "Brow Parliament",
    "Gloss Harbor",
    "Studio Kármine",
    "Violettique",
    "Farbelune",
    "Chromérie",
    "Powder Orchard",
    "Velvet Decimal",
    "Carminade",
    "Satinova Nine",
    "Petal Static",
    "Kohl Meadow",
    "Mascarade Vive",
    "Pixel Rouge",
];

const HAIR: [&str; 21] = [
    "Capilarque",
    "Silkroot",
    "Tressoline",
    "Fibrelune",
    "Combwell",
    "Kosychka Lab",
    "Hairstead",
    "Root Almanac",
    "Lathermill",
    "Oléacoif",
    "Keravanne",
    "Foamwright",
    "Wavehouse Nine",
    "Copper Comb",
    "Volumaire",
    "Bouclette Sauvage",
    "Shinewell Lab",
    "Brushfield",
    "Lissonde",
    "Mane Ledger",
    "Nettle & Rye",
];

const BODY: [&str; 24] = [
    "Lavandière Bleue",
    "Salt Orchard",
    "Tallow Lane",
    "Oatfield Bath",
    "Mylovarivka",
    "Polyniara",
    "Kalynivska Rosa",
    "Lypovia",
    "Materynka Lab",
    "Chebretsia",
    "Medova Stezhka",
    "Figmilk",
    "Cottonbark",
    "Bathhouse Eleven",
    "Sudsmith",
    "Plum Veranda",
    "Coconade",
    "Shea Almanac",
    "Pomelo Porch",
    "Thyme Cabin",
    "Rainbarrel Bath",
    "Mintfold",
    "Peach Observatory",
    "Sea Button",
];

const HOME: [&str; 14] = [
    "Wick & Weather",
    "Candlemoor",
    "Tinderleaf",
    "Cirelune",
    "Svichkaria",
    "Hearthquill",
    "Amber Cellar",
    "Pine Telegraph",
    "Lanternwick",
    "Bougie Tardive",
    "Ember Library",
    "Resin Room",
    "Fernlight",
    "Wax Meridian",
];

const ACCESSORIES: [&str; 8] = [
    "Orielbrush",
    "Tassel & Tin",
    "Pochette Nine",
    "Combinelle",
    "Velours Pouch",
    "Tweezerie",
    "Mirror Lane",
    "Nailsmith",
];

const EVERYDAY: [&str; 26] = [
    "Prostenka",
    "Clearly Daily",
    "Basix Body",
    "Zorivka",
    "Svizhyna",
    "Chystulia",
    "Domashnia Kvitka",
    "Bim Bam Bubble",
    "Everyday Fern",
    "Plainday",
    "Soft Tuesday",
    "Happy Sponge",
    "Freshling",
    "Milkydew",
    "Kvitnychok",
    "Rankova Rosa",
    "Lisova Krynka",
    "Dobranichka",
    "Teplynka",
    "Bubblish",
    "Citronelle Jour",
    "Cotton Jour",
    "Aquapop",
    "Honeypot Nine",
    "Daily Sorbet",
    "Pocket Meadow",
];

const PERFUMES: &[&str] =
    &["fragrance/women", "fragrance/men", "fragrance/unisex", "gift-sets/fragrance", "body/lotion"];
const CARE: &[&str] =
    &["face/cream", "face/serum", "face/mask", "face/cleanser", "face/eye-care", "gift-sets/face"];
const COLORS: &[&str] =
    &["make-up/lips", "make-up/eyes", "make-up/face", "make-up/nails", "accessories/brushes"];
const LUXURIES: &[&str] = &[
    "fragrance/women",
    "fragrance/men",
    "fragrance/unisex",
    "face/cream",
    "make-up/lips",
    "home/candle",
    "gift-sets/fragrance",
];
const HAIR_CARE: &[&str] =
    &["hair/shampoo", "hair/conditioner", "hair/mask", "hair/styling", "accessories/combs"];
const BATH: &[&str] =
    &["body/lotion", "body/shower", "body/hands", "body/scrub", "gift-sets/body", "home/soap"];
const HOMEWARE: &[&str] = &["home/candle", "home/diffuser", "home/soap", "gift-sets/home"];
const TOOLS: &[&str] =
    &["accessories/brushes", "accessories/combs", "accessories/bags", "accessories/mirrors"];
const STAPLES: &[&str] =
    &["hair/shampoo", "body/shower", "body/hands", "face/cleanser", "face/mask", "home/soap"];

const fn house(
    brands: &'static [&'static str],
    price_percent: u64,
    sells: &'static [&'static str],
    vegan_percent: u64,
) -> House {
    House { brands, price_percent, sells, tag: None, digits_only: false, vegan_percent }
}

const HOUSES: [House; 10] = [
    House { tag: Some("luxury"), ..house(&LUXURY, 210, LUXURIES, 5) },
    house(&NICHE, 135, PERFUMES, 10),
    house(&PERFUMERY, 85, PERFUMES, 5),
    house(&SKIN, 105, CARE, 35),
    house(&MAKE_UP, 90, COLORS, 25),
    house(&HAIR, 95, HAIR_CARE, 30),
    house(&BODY, 85, BATH, 45),
    house(&HOME, 100, HOMEWARE, 15),
    house(&ACCESSORIES, 100, TOOLS, 10),
    House { digits_only: true, ..house(&EVERYDAY, 40, STAPLES, 20) },
];

// ---------------------------------------------------------------------------------------------- goods

/// A category with what its goods are called, their usual price and their sizes or shades.
struct Kind {
    category: &'static str,
    noun: &'static str,
    price_uah: u64,
    /// Each with its price in percent of the usual one.
    variants: &'static [(&'static str, u64)],
}

const fn kind(
    category: &'static str,
    noun: &'static str,
    price_uah: u64,
    variants: &'static [(&'static str, u64)],
) -> Kind {
    Kind { category, noun, price_uah, variants }
}

const PERFUME_ML: &[(&str, u64)] = &[("50 ml", 100), ("100 ml", 150), ("30 ml", 68), ("10 ml travel", 30)];
const JAR_ML: &[(&str, u64)] = &[("50 ml", 100), ("75 ml", 130), ("15 ml travel", 38)];
const DROPS_ML: &[(&str, u64)] = &[("30 ml", 100), ("50 ml", 145), ("10 ml travel", 42)];
const BOTTLE_ML: &[(&str, u64)] = &[("250 ml", 100), ("400 ml", 140), ("1000 ml", 245), ("60 ml travel", 36)];
const TUBE_ML: &[(&str, u64)] = &[("75 ml", 100), ("150 ml", 165), ("30 ml travel", 52)];
const WAX_G: &[(&str, u64)] = &[("180 g", 100), ("300 g", 150), ("75 g travel", 48)];
const BAR_G: &[(&str, u64)] = &[("100 g", 100), ("3 × 100 g", 260)];
const SHADES: &[(&str, u64)] =
    &[("01 Fig", 100), ("02 Brick", 100), ("03 Petal", 100), ("04 Night", 105), ("05 Bare", 100)];
const SET_PIECES: &[(&str, u64)] = &[("2 pcs", 100), ("3 pcs", 135), ("3 pcs travel", 60)];
const ONE_PIECE: &[(&str, u64)] = &[("small", 80), ("medium", 100), ("large", 135)];

const KINDS: [Kind; 28] = [
    kind("fragrance/women", "eau de parfum for women", 2650, PERFUME_ML),
    kind("fragrance/men", "eau de toilette for men", 2250, PERFUME_ML),
    kind("fragrance/unisex", "eau de parfum", 2850, PERFUME_ML),
    kind("face/cream", "face cream", 890, JAR_ML),
    kind("face/serum", "face serum", 1090, DROPS_ML),
    kind("face/mask", "face mask", 520, TUBE_ML),
    kind("face/cleanser", "cleansing gel", 410, BOTTLE_ML),
    kind("face/eye-care", "eye cream", 780, DROPS_ML),
    kind("make-up/lips", "lipstick", 490, SHADES),
    kind("make-up/eyes", "eye shadow", 560, SHADES),
    kind("make-up/face", "foundation", 640, SHADES),
    kind("make-up/nails", "nail polish", 190, SHADES),
    kind("hair/shampoo", "shampoo", 390, BOTTLE_ML),
    kind("hair/conditioner", "conditioner", 410, BOTTLE_ML),
    kind("hair/mask", "hair mask", 560, TUBE_ML),
    kind("hair/styling", "styling cream", 480, TUBE_ML),
    kind("body/lotion", "body lotion", 460, BOTTLE_ML),
    kind("body/shower", "shower gel", 280, BOTTLE_ML),
    kind("body/hands", "hand cream", 230, TUBE_ML),
    kind("body/scrub", "body scrub", 390, TUBE_ML),
    kind("home/candle", "scented candle", 790, WAX_G),
    kind("home/diffuser", "home diffuser", 1150, TUBE_ML),
    kind("home/soap", "soap", 150, BAR_G),
    kind("accessories/brushes", "brush", 420, ONE_PIECE),
    kind("accessories/combs", "comb", 260, ONE_PIECE),
    kind("accessories/bags", "cosmetic bag", 590, ONE_PIECE),
    kind("accessories/mirrors", "mirror", 680, ONE_PIECE),
    // The gift sets share one entry but for their prices: see `SETS`.
    kind("gift-sets", "gift set", 1000, SET_PIECES),
];

/// Gift sets by what is in them, each with its usual price.
const SETS: [(&str, u64); 4] = [
    ("gift-sets/fragrance", 3200),
    ("gift-sets/face", 1650),
    ("gift-sets/body", 850),
    ("gift-sets/home", 1250),
];

const FIRST_WORDS: [&str; 32] = [
    "Amber", "Velvet", "Winter", "Quiet", "Golden", "Misty", "Northern", "Silk", "Scarlet", "Hidden",
    "Morning", "Cedar", "Pearl", "Wild", "Salted", "Powder", "Ivory", "Smoky", "Cherry", "Linen", "Saffron",
    "Moonlit", "Honey", "Emerald", "Paper", "Violet", "Iron", "Milky", "Sunlit", "Copper", "Frosted", "Blue",
];
const SECOND_WORDS: [&str; 29] = [
    "Rain", "Garden", "Letter", "Harbor", "Orchard", "Veil", "Echo", "Meadow", "Ribbon", "Shore", "Lantern",
    "Bloom", "Thread", "Hour", "Dune", "Grove", "Whisper", "Feather", "Tide", "Ember", "Terrace", "Compass",
    "Dew", "Sonata", "Valley", "Mirage", "Window", "Thistle", "Cloud",
];

struct Good {
    sku: String,
    name: String,
    brand: &'static str,
    category: &'static str,
    /// In kopiykas, as is `cost`.
    price: u64,
    cost: u64,
    tags: Vec<&'static str>,
}

fn goods() -> Outcome<Vec<Good>> {
    let mut dice = Dice(CATALOG_SEED);
    let mut goods = Vec::new();
    let mut brand_number = 0;
    for house in &HOUSES {
        for &brand in house.brands {
            brand_number += 1;
            brand_goods(house, brand, brand_number, &mut dice, &mut goods)?;
        }
    }
    Ok(goods)
}

fn brand_goods(
    house: &House,
    brand: &'static str,
    brand_number: u64,
    dice: &mut Dice,
    goods: &mut Vec<Good>,
) -> Outcome<()> {
    let brand_percent = dice.between(85, 118);
    let count = dice.between(12, 15);
    for number in 1..=count {
        let category = *nth(house.sells, number + brand_number)?;
        let sku = if house.digits_only {
            format!("{:05}", 101 + (brand_number * 16 + number) % 416)
        } else {
            format!("{}{brand_number:03}-{number:02}", letters(brand))
        };
        let line = format!(
            "{} {}",
            nth(&FIRST_WORDS, brand_number * 7 + number * 3)?,
            nth(&SECOND_WORDS, brand_number * 5 + number * 11)?
        );
        goods.push(good(house, brand, category, sku, &line, number, brand_percent, dice)?);
    }
    Ok(())
}

#[expect(clippy::too_many_arguments, reason = "one row of the catalog, put together in one place")]
fn good(
    house: &House,
    brand: &'static str,
    category: &'static str,
    sku: String,
    line: &str,
    number: u64,
    brand_percent: u64,
    dice: &mut Dice,
) -> Outcome<Good> {
    let (kind, usual_uah) = kind_of(category)?;
    let (variant, variant_percent) = *nth(kind.variants, number / 2)?;
    // Percentages of percentages stay whole numbers: the sum is divided once, at the end.
    let percents = house.price_percent * brand_percent * variant_percent * dice.between(92, 110);
    let price = shelf_price(usual_uah * 100 * percents / 100_000_000);
    let cost = (price * dice.between(45, 70) + 50) / 100;
    let separator = if category.starts_with("gift-sets") { ", " } else { " " };
    let name = format!("{brand} {line} {}{separator}{variant}", kind.noun);
    let tags = tags(house, category, variant, dice);
    Ok(Good { sku, name, brand, category, price, cost, tags })
}

fn kind_of(category: &str) -> Outcome<(&'static Kind, u64)> {
    let set_price = SETS.iter().find(|(path, _)| *path == category).map(|(_, price)| *price);
    let kind = KINDS
        .iter()
        .find(|kind| kind.category == category || (set_price.is_some() && kind.category == "gift-sets"))
        .ok_or_else(|| format!("no kind of goods for the category `{category}`"))?;
    Ok((kind, set_price.unwrap_or(kind.price_uah)))
}

/// Prices as shelves show them: 89.90 for small things, 349.00 and 1299.00 for the rest.
fn shelf_price(kopiykas: u64) -> u64 {
    match kopiykas {
        0..5_000 => kopiykas / 100 * 100 + 50,
        5_000..20_000 => kopiykas / 100 * 100 + 90,
        _ => kopiykas / 1_000 * 1_000 + 900,
    }
}

fn tags(house: &House, category: &str, variant: &str, dice: &mut Dice) -> Vec<&'static str> {
    let mut tags = Vec::new();
    tags.extend(house.tag);
    if category.starts_with("gift-sets") {
        tags.push("sets");
    }
    if variant.ends_with("travel") {
        tags.push("travel");
    }
    if dice.percent(12) {
        tags.push("new");
    } else if dice.percent(11) {
        tags.push("bestseller");
    } else if house.tag.is_none() && dice.percent(9) {
        tags.push("sale");
    }
    if dice.percent(house.vegan_percent) {
        tags.push("vegan");
    }
    tags
}

/// Three capitals of a brand's last word, for its SKUs: `ORV` of "Maison Orvalle".
fn letters(brand: &str) -> String {
    let word = brand.rsplit([' ', '\'']).next().unwrap_or(brand);
    word.chars().map(plain).filter(char::is_ascii_alphabetic).take(3).collect::<String>().to_ascii_uppercase()
}

fn plain(letter: char) -> char {
    match letter {
        'é' | 'è' | 'ê' | 'É' => 'e',
        'á' | 'à' | 'â' => 'a',
        'ô' | 'ó' => 'o',
        other => other,
    }
}

fn catalog(goods: &[Good]) -> Outcome<String> {
    let mut text = String::from("sku,name,brand,category,price,cost,tags\n");
    for good in goods {
        let Good { sku, brand, category, .. } = good;
        let (name, price, cost, tags) =
            (field(&good.name), money(good.price), money(good.cost), good.tags.join("|"));
        writeln!(text, "{sku},{name},{},{category},{price},{cost},{tags}", field(brand))?;
    }
    Ok(text)
}

fn field(text: &str) -> String {
    if text.contains([',', '"']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
}

fn money(kopiykas: u64) -> String {
    format!("{}.{:02}", kopiykas / 100, kopiykas % 100)
}

/// Personal prices in whole hryvnias, 10 to 20 % under the catalog, for dearer goods all over it.
fn wishlist(goods: &[Good]) -> Outcome<String> {
    let mut dice = Dice(WISHLIST_SEED);
    let mut text = String::from("sku,price\n");
    let wished: Vec<&Good> = goods.iter().filter(|good| good.price >= 60_000).collect();
    let step = (wished.len() / WISHLIST_GOODS).max(1);
    for good in wished.iter().step_by(step).take(WISHLIST_GOODS) {
        let personal = good.price * (100 - dice.between(11, 19)) / 100;
        writeln!(text, "{},{}", good.sku, money(personal / 100 * 100))?;
    }
    Ok(text)
}

// ---------------------------------------------------------------------------------------------- baskets

const CODES: [&str; 15] = [
    "SPRING20",
    "WINTER15",
    "winter 15",
    "LIPS100",
    "BEAUTY300",
    "BLACK-5",
    "PODARUNOK",
    "HELLO10",
    "CARE-25",
    "STUDENT",
    "LAST40",
    "last 40",
    "LAST40",
    "SUMMER2026",
    "NOSUCHCODE",
];
const PAYMENTS: [&str; 5] = ["card", "card", "cash", "mono", "club_card"];
const ONLINE_PAYMENTS: [&str; 5] = ["card", "mono", "mono", "on_delivery", "installments"];
const DELIVERIES: [(&str, u64); 4] =
    [("courier", 9_900), ("parcel_locker", 5_900), ("post", 7_900), ("express", 19_900)];
const SEGMENTS: [&str; 7] = ["vip", "vip", "students", "beauty_club", "beauty_club", "newborn_club", "staff"];
const TIERS: [&str; 4] = ["silver", "silver", "gold", "platinum"];

/// What a leaflet sends shoppers to: a brand, a shelf, or a shelf of a brand; empty words mean any.
const LEAFLET: [(&str, &str); 16] = [
    ("", "face/cream"),
    ("", "face/"),
    ("", "face/mask"),
    ("", "fragrance/"),
    ("Velmorane", "fragrance/"),
    ("Azurade", ""),
    ("Ostrélle", ""),
    ("", "make-up/"),
    ("", "make-up/lips"),
    ("Kolorivka", ""),
    ("", "hair/"),
    ("Silkroot", ""),
    ("Salt Orchard", "body/"),
    ("Figmilk", "body/"),
    ("Milkydew", ""),
    ("", "home/"),
];

fn baskets(goods: &[Good]) -> Outcome<String> {
    let mut dice = Dice(BASKETS_SEED);
    let mut text = String::new();
    for _ in 0..BASKETS {
        let channel = *dice.pick(&["pos", "pos", "pos", "web", "web", "app"])?;
        let lines = lines(goods, channel, &mut dice)?;
        let delivery = delivery(channel, &mut dice)?;
        let context = context(channel, &mut dice)?;
        writeln!(
            text,
            r#"{{"basket":{{"currencyCode":"UAH","lines":[{lines}]{delivery}}},"context":{{{context}}}}}"#
        )?;
    }
    Ok(text)
}

/// Most of 1 to 8 lines, now and then a trolley of 20; at most 50 units.
fn lines(goods: &[Good], channel: &str, dice: &mut Dice) -> Outcome<String> {
    let count = match dice.below(20) {
        0..=2 => 1,
        3..=10 => dice.between(2, 4),
        11..=16 => dice.between(3, 8),
        17 | 18 => dice.between(7, 12),
        _ => dice.between(13, 20),
    };
    // Who shops for a salon or for presents takes several of most things.
    let in_bulk = dice.percent(4);
    // Every third one has the leaflet in hand and takes much of the basket from one place of it.
    let leaflet = if dice.percent(35) { Some(*dice.pick(&LEAFLET)?) } else { None };
    let mut lines = Vec::new();
    let mut units_left = 50;
    let mut place = any_place(goods, dice)?;
    for id in 1..=count {
        if let Some(promised) = leaflet.filter(|_| dice.percent(65)) {
            place = promised_place(goods, promised, dice)?;
        }
        let wanted = if in_bulk { dice.between(2, 9) } else { quantity(dice) };
        let quantity = wanted.min(units_left - (count - id));
        units_left -= quantity;
        let good = nth(goods, place)?;
        lines.push(format!(r#"{{"id":"{id}","sku":"{}","quantity":{quantity}}}"#, good.sku));
        place = next_place(goods, place, channel, dice)?;
    }
    Ok(lines.join(","))
}

/// Where a shopper goes from a good: on along its brand, along its shelf through all brands, or anywhere.
fn next_place(goods: &[Good], place: u64, channel: &str, dice: &mut Dice) -> Outcome<u64> {
    match dice.below(100) {
        // Neighbors in the catalog are of one brand.
        0..30 => Ok(place + dice.between(1, 4)),
        30..55 => {
            let category = nth(goods, place)?.category;
            let mut place = any_place(goods, dice)?;
            while nth(goods, place)?.category != category {
                place += 1;
            }
            Ok(place)
        }
        // A till that scans piece by piece makes two lines of two equal pieces.
        55..61 if channel == "pos" => Ok(place),
        _ => any_place(goods, dice),
    }
}

/// A good of a place in the leaflet.
fn promised_place(goods: &[Good], (brand, shelf): (&str, &str), dice: &mut Dice) -> Outcome<u64> {
    let is_there =
        |good: &Good| (brand.is_empty() || good.brand == brand) && good.category.starts_with(shelf);
    let there: Vec<usize> =
        (0..).zip(goods).filter(|(_, good)| is_there(good)).map(|(place, _)| place).collect();
    Ok(u64::try_from(*dice.pick(&there)?)?)
}

fn any_place(goods: &[Good], dice: &mut Dice) -> Outcome<u64> {
    Ok(dice.below(u64::try_from(goods.len())?))
}

fn quantity(dice: &mut Dice) -> u64 {
    match dice.below(20) {
        0 => dice.between(4, 8),
        1 | 2 => 3,
        3..=6 => 2,
        _ => 1,
    }
}

fn delivery(channel: &str, dice: &mut Dice) -> Outcome<String> {
    // The rest of the online orders is picked up in a store.
    if channel == "pos" || dice.percent(25) {
        return Ok(String::new());
    }
    let (method, price) = *dice.pick(&DELIVERIES)?;
    Ok(format!(r#","delivery":{{"method":"{method}","price":"{price}"}}"#))
}

fn context(channel: &str, dice: &mut Dice) -> Outcome<String> {
    let mut text = format!(r#""time":"{}","channel":"{channel}""#, time(channel, dice));
    if channel == "pos" {
        let city = dice.pick(&CITIES)?;
        // Kyiv stands for a third of the sales.
        let city = if dice.percent(30) { nth(&CITIES, 0)? } else { city };
        write!(text, r#","store":"{}""#, store_id(city, dice.between(1, city.stores)))?;
    }
    if dice.percent(75) {
        write!(text, r#","customer":{{{}}}"#, customer(dice)?)?;
    }
    let payments = if channel == "pos" { &PAYMENTS } else { &ONLINE_PAYMENTS };
    write!(text, r#","paymentMethod":"{}""#, dice.pick(payments)?)?;
    let codes = codes(dice)?;
    if !codes.is_empty() {
        write!(text, r#","codes":[{codes}]"#)?;
    }
    Ok(text)
}

/// In November and December 2026, every third one over Black Friday. Kyiv keeps +02:00 all that time.
fn time(channel: &str, dice: &mut Dice) -> String {
    let (month, day) = match dice.below(6) {
        0 | 1 => (11, dice.between(27, 30)),
        2 | 3 => (11, dice.between(1, 30)),
        _ => (12, dice.between(1, 31)),
    };
    let hour = if channel == "pos" { dice.between(10, 20) } else { dice.between(0, 23) };
    format!("2026-{month:02}-{day:02}T{hour:02}:{:02}:00+02:00", dice.below(60))
}

fn customer(dice: &mut Dice) -> Outcome<String> {
    let mut text = format!(r#""id":"c-{}""#, dice.between(1, 900));
    if dice.percent(12) {
        text.push_str(r#","firstPurchase":true"#);
        return Ok(text);
    }
    let months = if dice.percent(25) { dice.between(6, 20) } else { dice.between(0, 5) };
    let segments = segments(months, dice)?;
    if !segments.is_empty() {
        write!(text, r#","segments":[{segments}]"#)?;
    }
    if dice.percent(60) {
        write!(text, r#","tier":"{}""#, dice.pick(&TIERS)?)?;
    }
    if dice.percent(70) {
        write!(text, r#","birthday":"{}""#, birthday(dice))?;
    }
    write!(text, r#","attributes":{{"months_since_last_purchase":"{months}"}}"#)?;
    Ok(text)
}

fn segments(months: u64, dice: &mut Dice) -> Outcome<String> {
    let mut segments = match months {
        0..9 => Vec::new(),
        9..12 => vec!["sleeping_9m"],
        _ => vec!["sleeping_12m"],
    };
    if dice.percent(45) {
        segments.push(*dice.pick(&SEGMENTS)?);
    }
    Ok(segments.iter().map(|segment| format!(r#""{segment}""#)).collect::<Vec<_>>().join(","))
}

fn birthday(dice: &mut Dice) -> String {
    let month = if dice.percent(40) { dice.between(11, 12) } else { dice.between(1, 12) };
    format!("{}-{month:02}-{:02}", dice.between(1950, 2008), dice.between(1, 28))
}

fn codes(dice: &mut Dice) -> Outcome<String> {
    let count = match dice.below(10) {
        0 => 2,
        1..=3 => 1,
        _ => 0,
    };
    let mut codes: Vec<String> = Vec::new();
    for _ in 0..count {
        let code = format!(r#""{}""#, dice.pick(&CODES)?);
        if !codes.contains(&code) {
            codes.push(code);
        }
    }
    Ok(codes.join(","))
}

// ---------------------------------------------------------------------------------------------- chance

/// SplitMix64: eight lines, and the same numbers everywhere.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: u64) -> u64 {
        // The bias of a remainder does not matter for samples.
        self.next() % limit.max(1)
    }

    /// Both ends included.
    fn between(&mut self, least: u64, most: u64) -> u64 {
        least + self.below(most - least + 1)
    }

    fn percent(&mut self, chance: u64) -> bool {
        self.below(100) < chance
    }

    fn pick<'a, T>(&mut self, among: &'a [T]) -> Outcome<&'a T> {
        let place = self.next();
        nth(among, place)
    }
}

/// The entry at `place`, counted around the end.
fn nth<T>(among: &[T], place: u64) -> Outcome<&T> {
    let count = u64::try_from(among.len())?;
    let place = place.checked_rem(count).ok_or("nothing to choose from")?;
    among.get(usize::try_from(place)?).ok_or_else(|| "nothing to choose from".into())
}
