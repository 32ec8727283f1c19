//! What comes from Node, read into the types that it has here.

use std::fmt::{self, Display};
use std::slice::Iter;

use js_sys::{Reflect, Uint8Array};
use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, Error, IntoDeserializer, MapAccess, Visitor};
use serde::forward_to_deserialize_any;
use wasm_bindgen::{JsCast, JsValue};

use crate::protocol::response::whole;

/// Reads an object with texts, numbers, bytes and objects in it. What is `undefined` counts as missing.
///
/// # Errors
/// Something is of another type, which the checks of TypeScript rule out.
pub(super) fn read<T: DeserializeOwned>(value: JsValue) -> Result<T, JsValue> {
    T::deserialize(FromNode(value)).map_err(|error| js_sys::Error::new(&error.to_string()).into())
}

/// Something is of another type. It does not say what: the words for that, numbers above all, would be 20 kB of code.
#[derive(Debug)]
struct Mistyped;

impl Display for Mistyped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("mistyped")
    }
}

impl std::error::Error for Mistyped {}

impl Error for Mistyped {
    fn custom<T: Display>(_: T) -> Self {
        Self
    }
}

struct FromNode(JsValue);

impl<'de> Deserializer<'de> for FromNode {
    type Error = Mistyped;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mistyped> {
        let Self(value) = self;
        if let Some(text) = value.as_string() {
            visitor.visit_string(text)
        } else if let Some(number) = value.as_f64() {
            if number.fract() == 0.0 { visitor.visit_u64(whole(number)) } else { visitor.visit_f64(number) }
        } else if let Some(flag) = value.as_bool() {
            visitor.visit_bool(flag)
        } else if let Some(bytes) = value.dyn_ref::<Uint8Array>() {
            visitor.visit_byte_buf(bytes.to_vec())
        } else {
            Err(Mistyped)
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mistyped> {
        visitor.visit_some(self)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        names: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Mistyped> {
        let Self(object) = self;
        visitor.visit_map(Members { object, names: names.iter(), value: JsValue::UNDEFINED })
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Mistyped> {
        visitor.visit_newtype_struct(self)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map enum identifier ignored_any
    }
}

/// The members of an object that somebody wants.
struct Members {
    object: JsValue,
    names: Iter<'static, &'static str>,
    /// That of the last name.
    value: JsValue,
}

impl<'de> MapAccess<'de> for Members {
    type Error = Mistyped;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Mistyped> {
        for name in self.names.by_ref() {
            self.value = Reflect::get(&self.object, &JsValue::from_str(name)).map_err(|_| Mistyped)?;
            if !self.value.is_undefined() {
                return seed.deserialize((*name).into_deserializer()).map(Some);
            }
        }
        Ok(None)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Mistyped> {
        seed.deserialize(FromNode(std::mem::take(&mut self.value)))
    }
}
