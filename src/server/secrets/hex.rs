//! Bytes as small hex digits, into a place of the caller's: no copy is left that nobody wipes.

/// Writes bytes as small hex digits behind `text`.
pub(in crate::server) fn push_hex(text: &mut String, bytes: &[u8]) {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    text.extend(digits.filter_map(|digit| char::from_digit(u32::from(digit), 16)));
}

/// Reads small hex digits, two a byte, into `place`; `None` when they are not just as many.
pub(in crate::server) fn read_hex(hex: &str, place: &mut [u8]) -> Option<()> {
    let mut digits = hex.bytes().map(|digit| match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    });
    for byte in place {
        *byte = digits.next()?? << 4 | digits.next()??;
    }
    digits.next().is_none().then_some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_nothing_else() {
        let bytes: Vec<u8> = (0..=255).collect();
        let mut text = String::new();
        push_hex(&mut text, &bytes);
        assert!(text.starts_with("000102") && text.ends_with("fdfeff"));
        let mut read = vec![0; 256];
        assert_eq!(read_hex(&text, &mut read), Some(()));
        assert_eq!(read, bytes);
        for wrong in ["", "0", "000", "0001", "0G", "0A", "é", " 0", "0x"] {
            assert_eq!(read_hex(wrong, &mut [0]), None, "{wrong}");
        }
    }
}
