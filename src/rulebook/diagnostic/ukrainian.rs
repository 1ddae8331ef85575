//! What the findings say in Ukrainian.

use crate::rulebook::diagnostic::finding::{Break, Clash, Encoding, Finding, Never, Noun, Shape};

/// What is wrong, in one sentence.
#[must_use]
pub fn message(finding: &Finding) -> String {
    match finding {
        Finding::FileTooLarge(limit) => format!("файл більший за {} МБ", limit / 1_048_576),
        Finding::NotUtf8(Encoding::Utf16) => "файл збережено в UTF-16, а не в UTF-8".to_owned(),
        Finding::NotUtf8(Encoding::Windows1251) => {
            "файл збережено в старому кодуванні Windows (windows-1251), а не в UTF-8".to_owned()
        }
        Finding::NotUtf8(Encoding::Other) => "це не текст у кодуванні UTF-8".to_owned(),
        Finding::ControlCharacter(code) => format!("тут є невидимий символ (U+{code:04X})"),
        Finding::Broken(broken) => broken_message(broken),
        Finding::TooDeep(limit) => format!("значення вкладено глибше ніж на {limit} рівні"),
        Finding::TooManyValues(limit) => format!("у файлі понад {limit} значень"),
        Finding::AliasBomb => "посилання (`*назва`) у цьому файлі повторюють забагато".to_owned(),
        Finding::TooLong(limit) => format!("це значення довше за {limit} символів"),
        Finding::SeveralDocuments => "`---` починає другий документ у тому самому файлі".to_owned(),
        Finding::Tag => "позначки з `!` у файлах правил не вживаються".to_owned(),
        Finding::KeyNotWord => "назвою поля має бути слово".to_owned(),
        Finding::DuplicateKey(key) => format!("`{key}` стоїть двічі в одному місці"),
        Finding::UnknownKey { key, inside, .. } => format!("у `{inside}` немає поля `{key}`"),
        Finding::MissingKey { key, inside } => format!("у `{inside}` бракує поля `{key}`"),
        Finding::WrongShape { key, expected } => format!("у `{key}` має бути {}", shape(*expected)),
        Finding::Empty(key) => format!("у `{key}` немає значення"),
        Finding::UnknownWord { noun: Noun::Value, word, .. } => format!("слово `{word}` тут не підходить"),
        Finding::UnknownWord { noun, word, .. } => format!("немає {} `{word}`", self::noun(*noun)),
        Finding::CurlyQuote => "друкарські лапки тут відкрито, але не закрито, або навпаки".to_owned(),
        Finding::NotANumber(text) => format!("`{text}` — не число"),
        Finding::AmbiguousNumber { text, thousands, fraction, .. } => {
            format!("`{text}` може означати {thousands} або {fraction}")
        }
        Finding::TooManyDigits { text, currency, digits: 0 } => {
            format!("`{text}` має дробову частину, а у валюти {currency} її немає")
        }
        Finding::TooManyDigits { text, currency, digits } => {
            format!("`{text}` має більше знаків після коми, ніж {digits}, які є у валюти {currency}")
        }
        Finding::BadPercent(text) => format!("`{text}` — не відсоток від 0 до 100"),
        Finding::Negative(text) => format!("`{text}` менше від нуля"),
        Finding::OutOfRange { text, least, most } => format!("`{text}` не лежить між {least} і {most}"),
        Finding::NotADate(text) => format!("`{text}` — не дата"),
        Finding::NoSuchDay(text) => format!("немає такого дня чи часу: `{text}`"),
        Finding::NotHours(text) => format!("`{text}` — не проміжок годин"),
        Finding::WindowBackwards => "акція закінчується раніше, ніж починається".to_owned(),
        Finding::BadId(id) => format!("`{id}` не може бути ідентифікатором"),
        Finding::DuplicateId(id) => format!("ідентифікатор `{id}` уже зайнято"),
        Finding::NoBenefit => "не сказано, що дає ця акція".to_owned(),
        Finding::TwoBenefits(first, second) => format!("`{first}` і `{second}` не можна дати разом"),
        Finding::CapBounds => "обмеження повинно мати рівно одну межу".to_owned(),
        Finding::Clash(clash) => clash_message(*clash).to_owned(),
        Finding::TiersNotAscending(from) => format!("сходинка від {from} стоїть після вищої"),
        Finding::TierTwice(from) => format!("є дві сходинки від {from}"),
        Finding::Never(never) => never_message(never).to_owned(),
        Finding::UnknownStacking { name, .. } => {
            format!("жодна акція не має ідентифікатора чи групи `{name}`")
        }
        Finding::NoSuchFile { name, .. } => format!("у теці правил немає файлу `{name}`"),
        Finding::NotCsv(name) => format!("`{name}` — не файл CSV"),
        Finding::NoColumn(column) => format!("у першому рядку немає стовпця `{column}`"),
        Finding::ColumnTwice(column) => format!("стовпець `{column}` стоїть двічі"),
        Finding::CellCount(expected, got) => {
            format!("клітинок у цьому рядку: {got}, а в заголовку: {expected}")
        }
        Finding::CsvQuote => "лапки, які тут відкрито, ніде не закрито".to_owned(),
        Finding::EmptyCell(column) => format!("порожня клітинка в стовпці `{column}`"),
        Finding::SkuTwice(sku) => format!("артикул `{sku}` стоїть двічі"),
        Finding::TooManyRows(limit) => format!("у файлі понад {limit} рядків"),
        Finding::SettingsElsewhere => "налаштування діють лише в корені теки правил".to_owned(),
        Finding::SettingsTwice(other) => format!("у теці два файли налаштувань, цей і `{other}`"),
        Finding::Spreadsheet => "електронні таблиці ще не читаються".to_owned(),
        Finding::NothingInFile => "у файлі немає ні акцій, ні обмежень".to_owned(),
        Finding::IgnoredColumn(column) => format!("стовпець `{column}` не використовується"),
        Finding::SkuNotInCatalog(sku) => format!("у каталозі немає артикулу `{sku}`"),
        Finding::WordNotInCatalog { noun, word, .. } => {
            format!("у каталозі немає {} `{word}`", self::noun(*noun))
        }
        Finding::SkippedHour(text) => format!("часу {text} того дня не буде: годинники переводять уперед"),
        Finding::RepeatedHour(text) => {
            format!("час {text} того дня настане двічі: годинники переводять назад")
        }
        Finding::AlwaysBeaten { id, by } => format!("`{id}` нічого не дає: `{by}` завжди знижує щонайменше так само"),
        Finding::SharedCode { code, other } => format!("код `{code}` має також акція `{other}`"),
        Finding::FullMargin => "жодна ціна не дає маржі 100 %".to_owned(),
        Finding::CheapestAll => "`cheapest` знижує всі штуки набору, а не лише найдешевші".to_owned(),
        Finding::SlotsOverlap => {
            "ті самі товари підходять і сюди, і до частини без вигоди: найкраща для покупця ціна знизить дорожчу штуку"
                .to_owned()
        }
        Finding::HeldByCap { id, cap } => {
            format!("`{id}` ніколи нічого не знизить: обмеження `{cap}` тримає ціни всіх її товарів")
        }
        Finding::NoPrices => "у переліку немає жодної ціни, тож він нічого не знижує".to_owned(),
        Finding::More(count) => format!("зауважень у цьому файлі, яких тут не показано: {count}"),
    }
}

/// What to write instead.
#[must_use]
pub fn advice(finding: &Finding) -> Option<String> {
    Some(match finding {
        Finding::FileTooLarge(_) => "поділіть його на кілька файлів".to_owned(),
        Finding::NotUtf8(_) => "збережіть файл ще раз і виберіть кодування UTF-8".to_owned(),
        Finding::ControlCharacter(_) => "видаліть його й наберіть текст заново".to_owned(),
        Finding::Broken(broken) => broken_advice(broken),
        Finding::TooDeep(_) => "файлові правил досить шести-семи рівнів: дивіться приклади".to_owned(),
        Finding::TooManyValues(_) => "поділіть файл на кілька; довгим спискам цін місце в CSV".to_owned(),
        Finding::AliasBomb => "випишіть значення повністю".to_owned(),
        Finding::TooLong(_) => "скоротіть його; список товарів пишуть так: `[A, B, C]`".to_owned(),
        Finding::SeveralDocuments => {
            "видаліть рядок `---` або винесіть другу частину в окремий файл".to_owned()
        }
        Finding::Tag => {
            "напишіть значення без `!`; якщо воно з нього починається — візьміть у лапки".to_owned()
        }
        Finding::KeyNotWord => "напишіть `поле: значення`".to_owned(),
        Finding::DuplicateKey(_)
        | Finding::TierTwice(_)
        | Finding::ColumnTwice(_)
        | Finding::SettingsTwice(_) => "залиште щось одне".to_owned(),
        Finding::UnknownKey { suggestion: Some(word), .. } => did_you_mean(word),
        Finding::UnknownKey { belongs: Some(place), key, .. } => format!("місце для `{key}` — у `{place}`"),
        Finding::UnknownKey { inside, .. } => {
            format!("видаліть його; поля `{inside}` перелічено в довіднику")
        }
        Finding::MissingKey { key, .. } => missing_advice(key),
        Finding::WrongShape { key, expected } => shape_advice(key, *expected),
        Finding::Empty(key) => format!("напишіть значення після `{key}:` або видаліть рядок"),
        Finding::UnknownWord { suggestion: Some(word), .. } => did_you_mean(word),
        Finding::UnknownWord { noun: Noun::Currency, .. } => {
            "напишіть три літери валюти, наприклад, UAH, EUR або PLN".to_owned()
        }
        Finding::UnknownWord { noun: Noun::Zone, .. } => {
            "напишіть регіон і місто, наприклад, Europe/Kyiv або Europe/Warsaw".to_owned()
        }
        Finding::UnknownWord { known, .. } if known.is_empty() => {
            "спершу додайте його до settings.yaml або виправте слово".to_owned()
        }
        Finding::UnknownWord { known, .. } => format!("є такі: {}", list(known)),
        Finding::CurlyQuote => "поставте прості лапки: \"…\"".to_owned(),
        Finding::NotANumber(_) => "напишіть цифрами, наприклад, 15, 12.50 або 1 999".to_owned(),
        Finding::AmbiguousNumber { thousands, plainly, .. } => format!("напишіть {thousands} або {plainly}"),
        Finding::TooManyDigits { digits: 0, .. } => "напишіть ціле число".to_owned(),
        Finding::TooManyDigits { digits, .. } => {
            format!("залиште після коми щонайбільше стільки знаків: {digits}")
        }
        Finding::BadPercent(_) => {
            "напишіть число, наприклад, 15 або 12.5, щонайбільше з чотирма знаками після коми".to_owned()
        }
        Finding::Negative(_) => "напишіть без мінуса: знижка завжди віднімається".to_owned(),
        Finding::OutOfRange { least, most, .. } => format!("напишіть ціле число від {least} до {most}"),
        Finding::NotADate(_) => "напишіть 2026-11-27 або 2026-11-27 10:00".to_owned(),
        Finding::NoSuchDay(_) => "звіртеся з календарем; дату пишуть так: рік-місяць-день".to_owned(),
        Finding::NotHours(_) => "напишіть \"10:00-14:00\"".to_owned(),
        Finding::WindowBackwards => "поміняйте місцями `from` і `until` або виправте рік".to_owned(),
        Finding::BadId(_) => {
            "від 1 до 64 латинських літер, цифр, `-`, `_` і `.`, наприклад, summer-2026".to_owned()
        }
        Finding::DuplicateId(_) => "дайте одній із двох інший ідентифікатор".to_owned(),
        Finding::NoBenefit => "додайте `give`, наприклад, `give: {percent: 20}`".to_owned(),
        Finding::TwoBenefits(..) => "залиште одне, а друге винесіть в окрему акцію".to_owned(),
        Finding::CapBounds => {
            "напишіть щось одне: `max_percent`, `min_price` або `min_margin_percent`".to_owned()
        }
        Finding::Clash(clash) => clash_advice(*clash).to_owned(),
        Finding::TiersNotAscending(_) => {
            "розставте сходинки за зростанням: спершу з найменшим `from`".to_owned()
        }
        Finding::Never(never) => never_advice(never).to_owned(),
        Finding::UnknownStacking { suggestion: Some(word), .. }
        | Finding::NoSuchFile { suggestion: Some(word), .. }
        | Finding::WordNotInCatalog { suggestion: Some(word), .. } => did_you_mean(word),
        Finding::UnknownStacking { .. } => {
            "назвіть `id` або `group` іншої акції чи напишіть `all`".to_owned()
        }
        Finding::NoSuchFile { .. } => "покладіть файл у теку або виправте назву".to_owned(),
        Finding::NotCsv(_) => "збережіть таблицю як CSV і назвіть той файл".to_owned(),
        Finding::NoColumn(column) => {
            format!("почніть файл із рядка заголовків, серед яких є `{column}`")
        }
        Finding::CellCount(..) => "текст, у якому є роздільник, візьміть у лапки".to_owned(),
        Finding::CsvQuote => "закрийте їх; лапки всередині клітинки пишуть двічі".to_owned(),
        Finding::EmptyCell(_) => "заповніть її або видаліть рядок".to_owned(),
        Finding::SkuTwice(_) => "залиште один рядок на артикул".to_owned(),
        Finding::TooManyRows(_) => "поділіть його на кілька файлів".to_owned(),
        Finding::SettingsElsewhere => "перенесіть файл у корінь або назвіть його інакше".to_owned(),
        Finding::Spreadsheet => "поки що пишіть акції у YAML; таблицю цін можна зберегти як CSV".to_owned(),
        Finding::NothingInFile => "почніть із `promotions:` або `caps:`".to_owned(),
        Finding::IgnoredColumn(_) => {
            "читаються стовпці sku, name, brand, category, price, cost і tags".to_owned()
        }
        Finding::SkuNotInCatalog(_) => {
            "перевірте номер; якщо товар надійде пізніше, нічого робити не треба".to_owned()
        }
        Finding::WordNotInCatalog { .. } => {
            "перевірте написання; якщо товари надійдуть пізніше, нічого робити не треба".to_owned()
        }
        Finding::SkippedHour(_) => "мається на увазі на годину пізніше; напишіть час, який є".to_owned(),
        Finding::RepeatedHour(_) => {
            "мається на увазі перший із двох; щоб не сумніватися, виберіть інший час".to_owned()
        }
        Finding::AlwaysBeaten { .. } => {
            "видаліть її або дозвольте їм додаватися через `stacks_with`".to_owned()
        }
        Finding::CheapestAll => {
            "`units` має бути меншим за кількість штук у `buy`; щоб знизити всі, дайте `percent`".to_owned()
        }
        Finding::SlotsOverlap => {
            "мабуть, ідеться про `give: {cheapest: …}`; або назвіть у частинах різні товари чи додайте `assign: retailer`"
                .to_owned()
        }
        Finding::HeldByCap { .. } => {
            "заберіть ці товари з обмеження через `except` або видаліть акцію".to_owned()
        }
        Finding::NoPrices => "заповніть його або видаліть акцію, яка його називає".to_owned(),
        Finding::SharedCode { .. } => "так можна: спрацює та, з якою ціна найкраща".to_owned(),
        Finding::FullMargin => "напишіть маржу, меншу за 100".to_owned(),
        Finding::More(_) => return None,
    })
}

fn did_you_mean(word: &str) -> String {
    format!("може, `{word}`?")
}

fn list(words: &[String]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

/// The noun in the genitive, as it stands after "there is no".
fn noun(noun: Noun) -> &'static str {
    match noun {
        Noun::Channel => "каналу",
        Noun::Store => "магазину",
        Noun::City => "міста",
        Noun::Region => "регіону",
        Noun::Segment => "сегмента",
        Noun::Currency => "валюти",
        Noun::Zone => "часового поясу",
        Noun::Weekday => "дня тижня",
        Noun::Brand => "бренду",
        Noun::Category => "категорії",
        Noun::Tag => "позначки",
        Noun::Value => "слова",
    }
}

fn shape(shape: Shape) -> &'static str {
    match shape {
        Shape::Fields => "група полів",
        Shape::List => "список",
        Shape::Text => "одне значення",
        Shape::Number => "число",
        Shape::Whole => "ціле число",
        Shape::Flag => "`true` або `false`",
        Shape::Rules => "група полів: `promotions`, `caps`",
    }
}

fn shape_advice(key: &str, expected: Shape) -> String {
    match expected {
        Shape::Fields if key == "on" => "напишіть `on: {brands: [Dior]}`".to_owned(),
        Shape::Fields if key == "when" => "напишіть `when: {channels: [web]}`".to_owned(),
        Shape::Fields if key == "give" => "напишіть `give: {percent: 20}`".to_owned(),
        Shape::Fields if key == "spend" => "напишіть `spend: {at_least: 1000}`".to_owned(),
        Shape::Fields => format!("напишіть `{key}: {{поле: значення}}`"),
        Shape::List => format!("напишіть `{key}: [перше, друге]` або кожен запис з нового рядка після `- `"),
        Shape::Text => format!("напишіть одне значення після `{key}:`"),
        Shape::Number => "напишіть цифрами, наприклад, 15, 12.50 або 1 999".to_owned(),
        Shape::Whole => "напишіть ціле число, наприклад, 3".to_owned(),
        Shape::Flag => format!("напишіть `{key}: true` або `{key}: false`"),
        Shape::Rules => "почніть із `promotions:`, а кожну акцію пишіть нижче після `- `".to_owned(),
    }
}

fn missing_advice(key: &str) -> String {
    match key {
        "id" => "додайте `id: ` і коротку власну назву, наприклад, summer-2026".to_owned(),
        "give" => "додайте `give`, наприклад, `give: {percent: 20}`".to_owned(),
        _ => format!("додайте `{key}: …`"),
    }
}

fn never_message(never: &Never) -> &'static str {
    match never {
        Never::Price => "немає ціни, не меншої за одне й меншої за друге, тож акція ніколи не спрацює",
        Never::Range => "немає числа, не меншого за одне й меншого за друге, тож акція ніколи не спрацює",
        Never::Except => "`except` забирає все, що вибрано, тож акція ніколи не спрацює",
        Never::Zero => "з нулем акція ніколи не спрацює",
        Never::Nothing => "це нічого не віднімає, тож акція ніколи не спрацює",
        Never::Hours => "години починаються й закінчуються в той самий час, тож акція ніколи не спрацює",
        Never::EmptyList => "список порожній, тож акція ніколи не спрацює",
        Never::Units => "штук може взяти участь менше, ніж потрібно, тож акція ніколи не спрацює",
        Never::Days => "між `from` і `until` таких днів і годин немає, тож акція ніколи не спрацює",
        Never::PriceKept => "жоден із товарів не коштує більше, тож акція ніколи не спрацює",
    }
}

fn never_advice(never: &Never) -> &'static str {
    match never {
        Never::Price | Never::Range => "`at_least` має бути меншим за `below`",
        Never::Except => "видаліть запис із `except` або виберіть більше товарів",
        Never::Zero => "напишіть 1 або більше чи видаліть рядок",
        Never::Nothing => "напишіть, скільки вона дає, або видаліть акцію",
        Never::Hours => "якщо йдеться про цілий день, видаліть `hours`",
        Never::EmptyList => "заповніть список або видаліть рядок: без нього мається на увазі все",
        Never::Units => {
            "збільште `limits.units` до кількості штук у наборі чи в найнижчій сходинці; набори обмежує `limits.sets`"
        }
        Never::Days => "звіртеся з календарем: виправте дати, дні тижня або години",
        Never::PriceKept => "напишіть нижчу `price` або виберіть дорожчі товари",
    }
}

fn clash_message(clash: Clash) -> &'static str {
    match clash {
        Clash::Every => "`every` діє лише разом із `basket_amount`",
        Clash::EveryOfNothing => "`every` потребує суми, більшої за нуль",
        Clash::Units => "`limits.units` не поєднується зі знижкою на весь кошик",
        Clash::Sets => "`limits.sets` діє лише разом із `buy`",
        Clash::Budget => "`limits.budget` рахує гроші, а ця акція нічого не знижує",
        Clash::OfList => "`of` діє лише разом із `percent`",
        Clash::StageItem => "акція, яка чекає на суму, завжди діє на кошик",
        Clash::StageBasket => "на кошик можна перенести лише простий `percent`",
        Clash::AtLeastAndTiers => "і `spend.at_least`, і сходинки `by_spend` кажуть, від якої суми",
        Clash::BuyAndOn => "`on` не поєднується з `buy`",
        Clash::BuyAndBenefit => "набір (`buy`) не може цього давати",
        Clash::SpendAndBenefit => "`spend` не поєднується з такою вигодою",
        Clash::NeedsBuy => "це діє лише разом із `buy`",
        Clash::Count => "`count` діє лише разом із `by_quantity`",
        Clash::QuantityAndAtLeast => "пишуть або `quantity`, або `at_least`, а не обидва",
        Clash::MaxDiscount => "`max_discount` не поєднується з такою вигодою",
        Clash::SlotsAndSet => "вигоду мають або частини набору, або весь набір, а не обидва",
        Clash::ChooseTooMany => "вибрати можна більше подарунків, ніж перелічено",
        Clash::CheapestTooMany => "`cheapest` називає більше штук, ніж є в наборі",
        Clash::AssignGift => "`assign` не поєднується з подарунком",
    }
}

fn clash_advice(clash: Clash) -> &'static str {
    match clash {
        Clash::Every => "видаліть `every` або дайте `basket_amount`",
        Clash::EveryOfNothing => "додайте `at_least`, наприклад, `spend: {at_least: 1000, every: true}`",
        Clash::Units => "видаліть його; скільки віднімати, обмежує `max_discount`",
        Clash::Sets => "видаліть його; скільки штук бере участь, обмежує `limits.units`",
        Clash::Budget => "видаліть його; скільки кошиків її отримають, обмежує `limits.total`",
        Clash::OfList => "видаліть `of`",
        Clash::StageItem | Clash::StageBasket => "видаліть `stage`",
        Clash::AtLeastAndTiers => "видаліть `at_least`: про це каже перша сходинка",
        Clash::BuyAndOn => "перенесіть `on` у частини `buy`",
        Clash::BuyAndBenefit => "набір дає `percent`, `amount`, `price`, `cheapest` або подарунок",
        Clash::SpendAndBenefit => {
            "видаліть `spend` або спитайте суму так: `when: {basket_has: {at_least: …}}`"
        }
        Clash::NeedsBuy => "додайте `buy`, наприклад, `buy: [{on: {brands: [Dior]}, quantity: 3}]`",
        Clash::Count => "видаліть `count`",
        Clash::QuantityAndAtLeast => "`quantity` питає про штуки, `at_least` — про суму",
        Clash::MaxDiscount => "видаліть `max_discount`",
        Clash::SlotsAndSet => "залиште вигоду частин або `give`",
        Clash::ChooseTooMany => "зменште `choose` або перелічіть більше подарунків",
        Clash::CheapestTooMany => "`units` має бути меншим за кількість штук у `buy`",
        Clash::AssignGift => "видаліть `assign`: він каже, які штуки набору знижено",
    }
}

fn broken_message(broken: &Break) -> String {
    match broken {
        Break::Tab => "рядок починається з табуляції".to_owned(),
        Break::Indent => "цей рядок стоїть задалеко ліворуч або праворуч".to_owned(),
        Break::Unclosed(open) => format!("дужку `{open}` ніде не закрито"),
        Break::Mismatched(open, close) => format!("дужку `{open}` не можна закрити дужкою `{close}`"),
        Break::Stray => "тут закрито дужку, якої не відкривали".to_owned(),
        Break::Quote => "лапки, які тут відкрито, ніде не закрито".to_owned(),
        Break::AfterQuote => "після закритих лапок є ще щось".to_owned(),
        Break::Escape => "зворотна риска тут нічого не означає".to_owned(),
        Break::Comma => "бракує коми або дужки, що закриває".to_owned(),
        Break::Colon => "бракує двокрапки після назви поля".to_owned(),
        Break::SecondColon => "у цьому рядку друга двокрапка".to_owned(),
        Break::Sign(sign) => format!("значення без лапок не може починатися з `{sign}`"),
        Break::Alias => "посилання (`*назва`) повторює значення, якого немає".to_owned(),
        Break::End => "файл обривається посередині значення".to_owned(),
        Break::Other => "це неможливо прочитати".to_owned(),
    }
}

fn broken_advice(broken: &Break) -> String {
    match broken {
        Break::Tab => "замініть табуляцію двома або більше пробілами",
        Break::Indent => "почніть його точно під тим рядком, до якого він належить",
        Break::Unclosed('[') => "додайте `]`; чи файл скопійовано повністю?",
        Break::Unclosed(_) => "додайте `}`; чи файл скопійовано повністю?",
        Break::Mismatched('[', _) => "закрийте її дужкою `]`",
        Break::Mismatched(..) => "закрийте її дужкою `}`",
        Break::Stray => "видаліть її або додайте ту, що відкриває",
        Break::Quote => "закрийте лапки; чи файл скопійовано повністю?",
        Break::AfterQuote => "поставте кому між двома значеннями або візьміть у лапки все значення",
        Break::Escape => "зворотну риску пишуть двічі: `\\\\`, або ж беруть одинарні лапки",
        Break::Comma => "поставте кому між записами й закрийте кожну дужку",
        Break::Colon => "напишіть `поле: значення`, з пробілом після двокрапки",
        Break::SecondColon => "кожне поле — з нового рядка, а значення з двокрапкою — у лапках",
        Break::Sign(_) => "візьміть значення в лапки",
        Break::Alias => "випишіть значення; якщо воно починається з `*` — візьміть його в лапки",
        Break::End => "чи файл скопійовано повністю?",
        Break::Other => "порівняйте рядок із прикладами; значення зі знаками беруть у лапки",
    }
    .to_owned()
}
