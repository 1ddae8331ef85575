//! Countries by the form of their phone numbers: the code behind the `+`, what is dialed inside, how many digits.

/// A country whose numbers are known by their length.
///
/// A country whose own numbers begin with 0, such as Italy, does not fit: there the zero would be taken for the trunk
/// prefix. Its numbers are taken in international form, as those of any country that is not configured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Country {
    /// ISO 3166-1 alpha-2: `UA`.
    pub iso: &'static str,
    /// The digits after the `+`: `380`.
    pub calling_code: &'static str,
    /// What is dialed before a number inside the country, `0`; empty where nothing is.
    pub trunk: &'static str,
    /// Another such prefix, of old habit; empty where there is none.
    pub trunk_old: &'static str,
    /// Fewest digits of a number, without country code and trunk prefix.
    pub digits_min: usize,
    /// Most digits of a number, without country code and trunk prefix.
    pub digits_max: usize,
}

/// The countries that can be configured, Ukraine first.
pub const COUNTRIES: [Country; 10] = [
    // Until 2009 the trunk prefix was 8, a tone, and 0; many still write it.
    Country { trunk_old: "80", ..country("UA", "380", "0", 9, 9) },
    country("PL", "48", "", 9, 9),
    country("MD", "373", "0", 8, 8),
    country("RO", "40", "0", 9, 9),
    // Old connections are short, and those with an extension are longer than the 11 of a new one.
    country("DE", "49", "0", 6, 13),
    country("CZ", "420", "", 9, 9),
    country("SK", "421", "0", 9, 9),
    country("HU", "36", "06", 8, 9),
    country("GB", "44", "0", 9, 10),
    // With Canada and the rest of the North American plan.
    country("US", "1", "1", 10, 10),
];

impl Country {
    /// The country with this ISO code, in capitals; `None` when it is not among [`COUNTRIES`].
    #[must_use]
    pub fn by_iso(iso: &str) -> Option<Self> {
        COUNTRIES.into_iter().find(|country| country.iso == iso)
    }

    /// The digits behind the trunk prefix, as dialed inside the country.
    pub(super) fn number_at_home<'a>(&self, digits: &'a str) -> Option<&'a str> {
        let prefixes = [self.trunk, self.trunk_old].into_iter().filter(|prefix| !prefix.is_empty());
        let mut numbers = prefixes.filter_map(|prefix| digits.strip_prefix(prefix));
        // Where lengths differ, a number without its prefix may be one with a digit left out.
        let may_be_bare = self.trunk.is_empty() || self.digits_min == self.digits_max;
        numbers
            .find(|number| self.is_number(number))
            .or_else(|| (may_be_bare && self.is_number(digits)).then_some(digits))
    }

    /// The digits behind the country code; a trunk prefix between the two, `+44 (0)20…`, is left out.
    pub(super) fn number_abroad<'a>(&self, digits: &'a str) -> Option<&'a str> {
        let number = if self.trunk.is_empty() { None } else { digits.strip_prefix(self.trunk) };
        Some(number.unwrap_or(digits)).filter(|number| self.is_number(number))
    }

    fn is_number(&self, digits: &str) -> bool {
        let is_trunk = !self.trunk.is_empty() && digits.starts_with(self.trunk);
        (self.digits_min..=self.digits_max).contains(&digits.len()) && !is_trunk && !digits.starts_with('0')
    }
}

const fn country(
    iso: &'static str,
    calling_code: &'static str,
    trunk: &'static str,
    digits_min: usize,
    digits_max: usize,
) -> Country {
    Country { iso, calling_code, trunk, trunk_old: "", digits_min, digits_max }
}
