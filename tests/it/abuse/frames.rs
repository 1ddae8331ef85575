//! Frames of HTTP/2 by hand, also such as no library sends.

/// What a client says first.
pub(super) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RESET: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const CONTINUATION: u8 = 9;
pub(super) const END_STREAM: u8 = 1;
pub(super) const END_HEADERS: u8 = 4;

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut bytes = length[1..].to_vec();
    bytes.extend([kind, flags]);
    bytes.extend(stream.to_be_bytes());
    bytes.extend(payload);
    bytes
}

/// The first bytes of a connection that is well-behaved so far.
pub(super) fn hello() -> Vec<u8> {
    [PREFACE, &settings()].concat()
}

pub(super) fn settings() -> Vec<u8> {
    frame(SETTINGS, 0, 0, &[])
}

pub(super) fn ping() -> Vec<u8> {
    frame(PING, 0, 0, b"farewell")
}

pub(super) fn reset(stream: u32) -> Vec<u8> {
    frame(RESET, 0, stream, &8_u32.to_be_bytes())
}

pub(super) fn data(stream: u32, flags: u8, payload: &[u8]) -> Vec<u8> {
    frame(DATA, flags, stream, payload)
}

/// The headers of a `Quote`, as whoever has that token.
pub(super) fn headers(stream: u32, flags: u8, token: Option<&str>) -> Vec<u8> {
    frame(HEADERS, flags, stream, &block(token))
}

pub(super) fn continuation(stream: u32) -> Vec<u8> {
    // One more header that says nothing.
    frame(CONTINUATION, 0, stream, &literal(b"x-more", &[b'a'; 200]))
}

fn block(token: Option<&str>) -> Vec<u8> {
    let mut block = vec![0x83, 0x86];
    block.push(0x04);
    block.extend(string(b"/pricewright.v1.PricingService/Quote"));
    block.extend(literal(b":authority", b"prices"));
    block.extend(literal(b"content-type", b"application/grpc"));
    block.extend(literal(b"te", b"trailers"));
    if let Some(token) = token {
        block.extend(literal(b"authorization", format!("Bearer {token}").as_bytes()));
    }
    block
}

fn literal(name: &[u8], value: &[u8]) -> Vec<u8> {
    [&[0], string(name).as_slice(), string(value).as_slice()].concat()
}

/// Up to 127 bytes in one length byte, up to 254 in two: no header here is longer.
fn string(text: &[u8]) -> Vec<u8> {
    let length = match u8::try_from(text.len()).unwrap() {
        short @ 0..=126 => vec![short],
        long => vec![127, long - 127],
    };
    [length.as_slice(), text].concat()
}

/// Has all frames of `bytes` be of another stream.
pub(super) fn on_stream(bytes: &mut [u8], stream: u32) {
    let mut rest = bytes;
    while let Some((head, more)) = rest.split_at_mut_checked(9) {
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        head[5..].copy_from_slice(&stream.to_be_bytes());
        rest = &mut more[usize::try_from(length).unwrap()..];
    }
}
