//! Writes a report as indented JSON. A report is tens of megabytes of short plain texts: those are told by one look and written as
//! they are, names of fields without any. Everything else is written by `serde_json`.

use std::fmt;
use std::io::Write as _;

use serde::ser::{self, Error as _, Impossible, Serialize};
use serde_json::Error;

use super::{BREAK, Line, Pieces};

/// Writes integers as wider ones.
macro_rules! wider {
    ($($name:ident: $type:ty => $wide:ident),*) => {$(
        fn $name(self, value: $type) -> Result<(), Error> {
            self.$wide(value.into())
        }
    )*};
}

/// Writes values as `serde_json` does.
macro_rules! others {
    ($($name:ident: $type:ty),*) => {$(
        fn $name(self, value: $type) -> Result<(), Error> {
            self.other(&value)
        }
    )*};
}

/// Writes what has no names of fields.
macro_rules! entries {
    (ser::$trait:ident::$method:ident for $type:ident: |$all:ident| $collection:expr) => {
        impl ser::$trait for $type<'_, '_, '_> {
            type Ok = ();
            type Error = Error;

            fn $method<T: ?Sized + Serialize>(&mut self, value: &T) -> Result<(), Error> {
                let $all = self;
                $collection.element(value)
            }

            fn end(self) -> Result<(), Error> {
                self.finish()
            }
        }
    };
}

/// Writes what has names of fields.
macro_rules! fields {
    (ser::$trait:ident for $type:ident: |$all:ident| $collection:expr) => {
        impl ser::$trait for $type<'_, '_, '_> {
            type Ok = ();
            type Error = Error;

            fn serialize_field<T: ?Sized + Serialize>(&mut self, name: &'static str, value: &T) -> Result<(), Error> {
                let $all = self;
                $collection.field(name, value)
            }

            fn end(self) -> Result<(), Error> {
                self.finish()
            }
        }
    };
}

/// Writes values; see the module.
pub(super) struct Pretty<'p, 'o> {
    out: &'p mut Pieces<'o>,
    depth: usize,
}

impl<'p, 'o> Pretty<'p, 'o> {
    pub(super) fn new(out: &'p mut Pieces<'o>) -> Self {
        Self { out, depth: 0 }
    }

    fn raw(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.out.write_all(bytes).map_err(Error::io)
    }

    /// A line break and the indent; the comma before it unless this is the first of its collection.
    fn line(&mut self, first: bool) -> Result<(), Error> {
        if let Some(all) = BREAK.get(usize::from(first)..2 + 2 * self.depth) {
            return self.raw(all);
        }
        self.raw(BREAK.get(usize::from(first)..2).unwrap_or_default())?;
        (0..self.depth).try_for_each(|_| self.raw(b"  "))
    }

    fn text(&mut self, text: &str) -> Result<(), Error> {
        if is_plain(text.as_bytes()) {
            self.raw(b"\"")?;
            self.raw(text.as_bytes())?;
            return self.raw(b"\"");
        }
        self.other(text)
    }

    /// A value as one line, by `serde_json`.
    fn other<T: ?Sized + Serialize>(&mut self, value: &T) -> Result<(), Error> {
        value.serialize(&mut serde_json::Serializer::with_formatter(&mut *self.out, Line))
    }

    fn number(&mut self, mut n: u64) -> Result<(), Error> {
        let mut digits = [0; 20];
        let mut at = digits.len();
        for (place, digit) in digits.iter_mut().enumerate().rev() {
            *digit = b'0' + (n % 10) as u8;
            n /= 10;
            at = place;
            if n == 0 {
                break;
            }
        }
        self.raw(digits.get(at..).unwrap_or_default())
    }

    fn open(&mut self, mark: &[u8], close: &'static [u8]) -> Result<Collection<'_, 'p, 'o>, Error> {
        self.raw(mark)?;
        self.depth += 1;
        Ok(Collection { pretty: self, first: true, close })
    }

    /// The only field of an object, whose value comes next.
    fn variant(&mut self, name: &str) -> Result<(), Error> {
        self.raw(b"{")?;
        self.depth += 1;
        self.line(true)?;
        self.text(name)?;
        self.raw(b": ")
    }

    fn end_variant(&mut self) -> Result<(), Error> {
        self.depth -= 1;
        self.line(true)?;
        self.raw(b"}")
    }
}

/// True for a text that stands in JSON as it is and does nothing where it is shown: printable ASCII without quote, backslash and the
/// two characters that begin a command of a log.
fn is_plain(text: &[u8]) -> bool {
    // Without an early end, so that many bytes are looked at at once.
    let (mut odd, mut marks) = (false, false);
    for b in text {
        odd |= !matches!(b, b' '..=b'~') | (*b == b'"') | (*b == b'\\');
        marks |= (*b == b'#') | (*b == b':');
    }
    if odd {
        return false;
    }
    let twice = |twice: bool, (a, b): (&u8, &u8)| twice | ((a == b) & ((*a == b'#') | (*a == b':')));
    !marks || !text.iter().zip(text.get(1..).unwrap_or_default()).fold(false, twice)
}

/// A list or an object whose entries are being written.
pub(super) struct Collection<'a, 'p, 'o> {
    pretty: &'a mut Pretty<'p, 'o>,
    first: bool,
    close: &'static [u8],
}

impl Collection<'_, '_, '_> {
    fn entry(&mut self) -> Result<(), Error> {
        let first = std::mem::replace(&mut self.first, false);
        self.pretty.line(first)
    }

    fn element<T: ?Sized + Serialize>(&mut self, value: &T) -> Result<(), Error> {
        self.entry()?;
        value.serialize(&mut *self.pretty)
    }

    fn field<T: ?Sized + Serialize>(&mut self, name: &'static str, value: &T) -> Result<(), Error> {
        self.entry()?;
        self.pretty.raw(b"\"")?;
        self.pretty.raw(name.as_bytes())?;
        self.pretty.raw(b"\": ")?;
        value.serialize(&mut *self.pretty)
    }

    fn finish(self) -> Result<(), Error> {
        self.pretty.depth -= 1;
        if !self.first {
            self.pretty.line(true)?;
        }
        self.pretty.raw(self.close)
    }
}

impl<'a, 'p, 'o> ser::Serializer for &'a mut Pretty<'p, 'o> {
    type Ok = ();
    type Error = Error;
    type SerializeSeq = Collection<'a, 'p, 'o>;
    type SerializeTuple = Collection<'a, 'p, 'o>;
    type SerializeTupleStruct = Collection<'a, 'p, 'o>;
    type SerializeTupleVariant = InVariant<'a, 'p, 'o>;
    type SerializeMap = Collection<'a, 'p, 'o>;
    type SerializeStruct = Collection<'a, 'p, 'o>;
    type SerializeStructVariant = InVariant<'a, 'p, 'o>;

    fn serialize_bool(self, value: bool) -> Result<(), Error> {
        self.raw(if value { b"true" } else { b"false" })
    }

    wider!(serialize_i8: i8 => serialize_i64, serialize_i16: i16 => serialize_i64, serialize_i32: i32 => serialize_i64);
    wider!(serialize_u8: u8 => serialize_u64, serialize_u16: u16 => serialize_u64, serialize_u32: u32 => serialize_u64);

    fn serialize_i64(self, value: i64) -> Result<(), Error> {
        if value < 0 {
            self.raw(b"-")?;
        }
        self.number(value.unsigned_abs())
    }

    fn serialize_u64(self, value: u64) -> Result<(), Error> {
        self.number(value)
    }

    others!(serialize_i128: i128, serialize_u128: u128, serialize_f32: f32, serialize_f64: f64);

    fn serialize_char(self, value: char) -> Result<(), Error> {
        self.text(value.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, value: &str) -> Result<(), Error> {
        self.text(value)
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<(), Error> {
        value.serialize(self)
    }

    fn serialize_none(self) -> Result<(), Error> {
        self.raw(b"null")
    }

    fn serialize_some<T: ?Sized + Serialize>(self, value: &T) -> Result<(), Error> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), Error> {
        self.raw(b"null")
    }

    fn serialize_unit_struct(self, _name: &'static str) -> Result<(), Error> {
        self.raw(b"null")
    }

    fn serialize_unit_variant(self, _name: &'static str, _index: u32, variant: &'static str) -> Result<(), Error> {
        self.text(variant)
    }

    fn serialize_newtype_struct<T: ?Sized + Serialize>(self, _name: &'static str, value: &T) -> Result<(), Error> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: ?Sized + Serialize>(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        self.variant(variant)?;
        value.serialize(&mut *self)?;
        self.end_variant()
    }

    fn serialize_seq(self, _len: Option<usize>) -> Result<Collection<'a, 'p, 'o>, Error> {
        self.open(b"[", b"]")
    }

    fn serialize_tuple(self, _len: usize) -> Result<Collection<'a, 'p, 'o>, Error> {
        self.open(b"[", b"]")
    }

    fn serialize_tuple_struct(self, _name: &'static str, _len: usize) -> Result<Collection<'a, 'p, 'o>, Error> {
        self.open(b"[", b"]")
    }

    fn serialize_tuple_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        _len: usize,
    ) -> Result<InVariant<'a, 'p, 'o>, Error> {
        self.variant(variant)?;
        self.open(b"[", b"]").map(InVariant)
    }

    fn serialize_map(self, _len: Option<usize>) -> Result<Collection<'a, 'p, 'o>, Error> {
        self.open(b"{", b"}")
    }

    fn serialize_struct(self, _name: &'static str, _len: usize) -> Result<Collection<'a, 'p, 'o>, Error> {
        self.open(b"{", b"}")
    }

    fn serialize_struct_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        _len: usize,
    ) -> Result<InVariant<'a, 'p, 'o>, Error> {
        self.variant(variant)?;
        self.open(b"{", b"}").map(InVariant)
    }

    fn collect_str<T: ?Sized + fmt::Display>(self, value: &T) -> Result<(), Error> {
        self.text(&value.to_string())
    }
}

impl ser::SerializeMap for Collection<'_, '_, '_> {
    type Ok = ();
    type Error = Error;

    fn serialize_key<T: ?Sized + Serialize>(&mut self, key: &T) -> Result<(), Error> {
        self.entry()?;
        key.serialize(Key(self.pretty))?;
        self.pretty.raw(b": ")
    }

    fn serialize_value<T: ?Sized + Serialize>(&mut self, value: &T) -> Result<(), Error> {
        value.serialize(&mut *self.pretty)
    }

    fn end(self) -> Result<(), Error> {
        self.finish()
    }
}

/// The same inside the object that names a variant.
pub(super) struct InVariant<'a, 'p, 'o>(Collection<'a, 'p, 'o>);

impl InVariant<'_, '_, '_> {
    fn finish(self) -> Result<(), Error> {
        let Collection { pretty, first, close } = self.0;
        Collection { pretty: &mut *pretty, first, close }.finish()?;
        pretty.end_variant()
    }
}

entries!(ser::SerializeSeq::serialize_element for Collection: |all| all);
entries!(ser::SerializeTuple::serialize_element for Collection: |all| all);
entries!(ser::SerializeTupleStruct::serialize_field for Collection: |all| all);
entries!(ser::SerializeTupleVariant::serialize_field for InVariant: |all| all.0);
fields!(ser::SerializeStruct for Collection: |all| all);
fields!(ser::SerializeStructVariant for InVariant: |all| all.0);

/// The name of an entry of a map: a text, or a number as one.
struct Key<'a, 'p, 'o>(&'a mut Pretty<'p, 'o>);

fn no_text<T>() -> Result<T, Error> {
    Err(Error::custom("a key must be a text"))
}

/// Writes numbers in quotes.
macro_rules! quoted {
    ($($name:ident: $type:ty),*) => {$(
        fn $name(self, value: $type) -> Result<(), Error> {
            self.0.text(&value.to_string())
        }
    )*};
}

impl ser::Serializer for Key<'_, '_, '_> {
    type Ok = ();
    type Error = Error;
    type SerializeSeq = Impossible<(), Error>;
    type SerializeTuple = Impossible<(), Error>;
    type SerializeTupleStruct = Impossible<(), Error>;
    type SerializeTupleVariant = Impossible<(), Error>;
    type SerializeMap = Impossible<(), Error>;
    type SerializeStruct = Impossible<(), Error>;
    type SerializeStructVariant = Impossible<(), Error>;

    quoted!(
        serialize_bool: bool, serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64,
        serialize_u8: u8, serialize_u16: u16, serialize_u32: u32, serialize_u64: u64, serialize_char: char
    );

    fn serialize_str(self, value: &str) -> Result<(), Error> {
        self.0.text(value)
    }

    fn serialize_unit_variant(self, _name: &'static str, _index: u32, variant: &'static str) -> Result<(), Error> {
        self.0.text(variant)
    }

    fn serialize_newtype_struct<T: ?Sized + Serialize>(self, _name: &'static str, value: &T) -> Result<(), Error> {
        value.serialize(self)
    }

    fn collect_str<T: ?Sized + fmt::Display>(self, value: &T) -> Result<(), Error> {
        self.0.text(&value.to_string())
    }

    fn serialize_some<T: ?Sized + Serialize>(self, value: &T) -> Result<(), Error> {
        value.serialize(self)
    }

    fn serialize_f32(self, _value: f32) -> Result<(), Error> {
        no_text()
    }

    fn serialize_f64(self, _value: f64) -> Result<(), Error> {
        no_text()
    }

    fn serialize_bytes(self, _value: &[u8]) -> Result<(), Error> {
        no_text()
    }

    fn serialize_none(self) -> Result<(), Error> {
        no_text()
    }

    fn serialize_unit(self) -> Result<(), Error> {
        no_text()
    }

    fn serialize_unit_struct(self, _name: &'static str) -> Result<(), Error> {
        no_text()
    }

    fn serialize_newtype_variant<T: ?Sized + Serialize>(
        self,
        _name: &'static str,
        _index: u32,
        _variant: &'static str,
        _value: &T,
    ) -> Result<(), Error> {
        no_text()
    }

    fn serialize_seq(self, _len: Option<usize>) -> Result<Self::SerializeSeq, Error> {
        no_text()
    }

    fn serialize_tuple(self, _len: usize) -> Result<Self::SerializeTuple, Error> {
        no_text()
    }

    fn serialize_tuple_struct(self, _name: &'static str, _len: usize) -> Result<Self::SerializeTupleStruct, Error> {
        no_text()
    }

    fn serialize_tuple_variant(
        self,
        _name: &'static str,
        _index: u32,
        _variant: &'static str,
        _len: usize,
    ) -> Result<Self::SerializeTupleVariant, Error> {
        no_text()
    }

    fn serialize_map(self, _len: Option<usize>) -> Result<Self::SerializeMap, Error> {
        no_text()
    }

    fn serialize_struct(self, _name: &'static str, _len: usize) -> Result<Self::SerializeStruct, Error> {
        no_text()
    }

    fn serialize_struct_variant(
        self,
        _name: &'static str,
        _index: u32,
        _variant: &'static str,
        _len: usize,
    ) -> Result<Self::SerializeStructVariant, Error> {
        no_text()
    }
}
