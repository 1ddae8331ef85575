//! Messages of calls, weighed before they are read.
//!
//! A line of a basket that says nothing is two bytes on the wire and hundreds in memory: four megabytes of them would be hundreds, and
//! whoever may call once could make a hundred calls at once. So what a request would take is estimated first, in one pass over its fields.

use std::marker::PhantomData;

use prost::Message;
use tonic::Status;
use tonic::codec::{BufferSettings, DecodeBuf, Decoder};
use tonic_prost::{ProstDecoder, ProstEncoder};

/// What a request may take in memory: a basket of a thousand lines, each with all that a line may have, takes a quarter of it.
const BYTES_MAX: usize = 32 << 20;
/// What a message within a message takes, about.
const MESSAGE_BYTES: usize = 256;
/// What any other field takes, besides its own bytes.
const FIELD_BYTES: usize = 32;

/// The numbers of the fields of a message that are messages, with their shapes.
#[derive(Debug)]
pub struct Shape(pub &'static [(u64, &'static Shape)]);

/// A message of a call; written for all of them when the wire format is compiled.
pub trait Shaped {
    /// The shape of a request. Answers are not weighed: who asks trusts the service.
    const SHAPE: Option<&'static Shape>;
}

/// Protobuf, both ways.
#[derive(Debug)]
pub struct Codec<T, U>(PhantomData<(T, U)>);

impl<T, U> Default for Codec<T, U> {
    fn default() -> Self {
        Codec(PhantomData)
    }
}

impl<T, U> tonic::codec::Codec for Codec<T, U>
where
    T: Message + Send + 'static,
    U: Message + Default + Shaped + Send + 'static,
{
    type Encode = T;
    type Decode = U;
    type Encoder = ProstEncoder<T>;
    type Decoder = Weighing<U>;

    fn encoder(&mut self) -> Self::Encoder {
        ProstEncoder::new(BufferSettings::default())
    }

    fn decoder(&mut self) -> Self::Decoder {
        Weighing(ProstDecoder::new(BufferSettings::default()))
    }
}

/// Reads a message that is not too heavy.
#[derive(Debug)]
pub struct Weighing<U>(ProstDecoder<U>);

impl<U: Message + Default + Shaped> Decoder for Weighing<U> {
    type Item = U;
    type Error = Status;

    fn decode(&mut self, source: &mut DecodeBuf<'_>) -> Result<Option<U>, Status> {
        if let Some(shape) = U::SHAPE {
            weigh(prost::bytes::Buf::chunk(source), shape, &mut { BYTES_MAX })?;
        }
        self.0.decode(source)
    }

    fn buffer_settings(&self) -> BufferSettings {
        self.0.buffer_settings()
    }
}

/// Takes what the message `bytes` would take in memory from `left`.
fn weigh(mut bytes: &[u8], shape: &Shape, left: &mut usize) -> Result<(), Status> {
    while !bytes.is_empty() {
        let key = varint(&mut bytes)?;
        let number = key >> 3;
        let content = match key & 7 {
            0 => {
                varint(&mut bytes)?;
                continue;
            }
            1 => {
                take(&mut bytes, 8)?;
                continue;
            }
            2 => {
                let length = varint(&mut bytes)?;
                take(&mut bytes, length)?
            }
            5 => {
                take(&mut bytes, 4)?;
                continue;
            }
            // Groups: no message here has any.
            _ => return Err(malformed()),
        };
        match shape.0.iter().find(|(message, _)| *message == number) {
            Some((_, within)) => {
                pay(left, MESSAGE_BYTES)?;
                weigh(content, within, left)?;
            }
            None => pay(left, FIELD_BYTES)?,
        }
    }
    Ok(())
}

fn pay(left: &mut usize, bytes: usize) -> Result<(), Status> {
    // Explained to the caller as any message that is too large.
    *left = left.checked_sub(bytes).ok_or_else(|| Status::out_of_range("the message is too heavy"))?;
    Ok(())
}

fn take<'a>(bytes: &mut &'a [u8], length: u64) -> Result<&'a [u8], Status> {
    let length = usize::try_from(length).map_err(|_| malformed())?;
    let (taken, rest) = bytes.split_at_checked(length).ok_or_else(malformed)?;
    *bytes = rest;
    Ok(taken)
}

fn varint(bytes: &mut &[u8]) -> Result<u64, Status> {
    prost::encoding::decode_varint(bytes).map_err(|_| malformed())
}

fn malformed() -> Status {
    Status::invalid_argument("the bytes are no message")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::timestamp::Timestamp;

    const LINE: Shape = Shape(&[]);
    const BASKET: Shape = Shape(&[(2, &LINE)]);
    const ASKED: Shape = Shape(&[(1, &BASKET)]);

    /// A field with a length.
    fn field(number: u8, content: &[u8]) -> Vec<u8> {
        let mut bytes = vec![number << 3 | 2];
        prost::encoding::encode_varint(u64::try_from(content.len()).unwrap(), &mut bytes);
        bytes.extend(content);
        bytes
    }

    fn weight(bytes: &[u8]) -> Option<usize> {
        let mut left = BYTES_MAX;
        weigh(bytes, &ASKED, &mut left).ok().map(|()| BYTES_MAX - left)
    }

    #[test]
    fn each_line_weighs_wherever_it_is_and_whatever_it_says() {
        let basket = |lines: usize| field(1, &field(2, &[]).repeat(lines));
        assert_eq!(weight(&basket(3)), Some(4 * MESSAGE_BYTES));
        assert_eq!(weight(&[basket(1), basket(1)].concat()), Some(4 * MESSAGE_BYTES));
        let worded = field(1, &field(2, &field(7, b"perfume").repeat(10)));
        assert_eq!(weight(&worded), Some(2 * MESSAGE_BYTES + 10 * FIELD_BYTES));
        let most = BYTES_MAX / MESSAGE_BYTES - 1;
        assert!(weight(&basket(most)).is_some() && weight(&basket(most + 1)).is_none());
        // Numbers are a part of the message that holds them.
        assert_eq!(
            weight(&field(1, &Timestamp { seconds: 7, nanos: 7 }.encode_to_vec())),
            Some(MESSAGE_BYTES)
        );
    }

    #[test]
    fn what_could_hide_a_line_is_no_message() {
        for bytes in [
            vec![0x0b, 0x0c],
            vec![0x0a],
            vec![0x0a, 5, 0],
            vec![0x0f],
            vec![0xff; 11],
            field(1, &[0x13]),
            field(1, &[0x12, 0x7f]),
        ] {
            assert!(weight(&bytes).is_none(), "{bytes:?}");
        }
    }

    #[test]
    fn requests_are_weighed_to_their_last_message() {
        use crate::server::wire;
        let line = wire::Line::default();
        let basket = wire::Basket { lines: vec![line; 140_000], ..wire::Basket::default() };
        let quote = wire::QuoteRequest { basket: Some(basket), ..wire::QuoteRequest::default() };
        let reserve =
            wire::ReserveRequest { quote_request: Some(quote.clone()), ..wire::ReserveRequest::default() };
        let batch = wire::BatchQuoteRequest { requests: vec![quote.clone()] };
        let is_refused = |bytes: Vec<u8>, shape: Option<&Shape>| {
            weigh(&bytes, shape.unwrap(), &mut { BYTES_MAX }).unwrap_err().code() == tonic::Code::OutOfRange
        };
        assert!(is_refused(quote.encode_to_vec(), wire::QuoteRequest::SHAPE));
        assert!(is_refused(reserve.encode_to_vec(), wire::ReserveRequest::SHAPE));
        assert!(is_refused(batch.encode_to_vec(), wire::BatchQuoteRequest::SHAPE));
        assert!(wire::Quote::SHAPE.is_none());
    }
}
