//! "Did you mean": the known word nearest to an unknown one.

/// Words longer than this are not compared: no known word is, and comparing costs the product of the lengths.
const LENGTH_MAX: usize = 64;

/// The known word that `word` was probably meant to be: a letter wrong in a short one, a third of them in a long one.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let folded = word.to_lowercase().replace([' ', '-'], "_");
    let length = folded.chars().count();
    if length == 0 || length > LENGTH_MAX {
        return None;
    }
    let far = (length / 3).clamp(1, 4);
    known
        .into_iter()
        .filter(|candidate| candidate.len() <= 4 * LENGTH_MAX)
        .filter_map(|candidate| {
            let other = candidate.to_lowercase().replace([' ', '-'], "_");
            if other.chars().count().abs_diff(length) > far {
                return None;
            }
            let distance = strsim::damerau_levenshtein(&folded, &other);
            (distance <= far).then_some((distance, candidate))
        })
        .min()
        .map(|(_, candidate)| candidate.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_recognized_and_a_stranger_is_not() {
        let known = ["percent", "price", "prices", "amount", "channels", "Київ"];
        for (word, meant) in [
            ("precent", Some("percent")),
            ("Percent", Some("percent")),
            ("chanels", Some("channels")),
            ("discount", None),
            ("prise", Some("price")),
            ("киів", Some("Київ")),
            ("", None),
        ] {
            assert_eq!(nearest(word, known).as_deref(), meant, "{word}");
        }
    }
}
