//! Messages as JSON, for people and for programs of others: text as text, bytes as hexadecimal digits, TLV as a list.

use crate::coding::{self, digits};
use crate::content::Content;
use crate::error::{CodecError, Fault};
use crate::message::{Message, Value};
use crate::spec::{Field, Parts, Spec};
use crate::tlv::{Tlv, TlvValue};
use serde_json::{Map, Value as Json, json};

/// TLVs deeper than any that are read.
const DEPTH_MAX: usize = 16;

impl Message {
    /// The message as JSON: `{"mti": "0100", "fields": {"2": "…", "52": "hex", "55": [{"tag": "9F26", "value": "hex"}]}}`.
    #[must_use]
    pub fn to_json(&self) -> Json {
        let fields: Map<String, Json> =
            self.fields.iter().map(|(number, value)| (number.to_string(), value_json(value))).collect();
        let mut document = json!({ "mti": self.mti.to_string(), "fields": fields });
        if let Some(header) = &self.header {
            document["header"] = value_json(header);
        }
        document
    }

    /// Reads what [`Message::to_json`] writes. Whether a text stands for bytes the table says.
    ///
    /// # Errors
    /// [`Fault::Json`], [`Fault::Kind`], [`Fault::NotInTable`] and others, with the field that is wrong.
    pub fn from_json(spec: &Spec, document: &Json) -> Result<Self, CodecError> {
        let wrong = |what: &str| CodecError::from(Fault::Json(what.to_owned()));
        let document = document.as_object().ok_or_else(|| wrong("a message is an object"))?;
        if let Some(other) = document.keys().find(|name| !["mti", "fields", "header"].contains(&&***name)) {
            return Err(wrong(&format!(
                "a message has `mti`, `fields` and perhaps `header`, but not `{other}`"
            )));
        }
        let mti = document.get("mti").and_then(Json::as_str).ok_or_else(|| wrong("`mti` is missing"))?;
        let mut message = Self::new(mti.parse().map_err(|fault: Fault| fault.of("mti"))?);
        if let Some(header) = document.get("header") {
            let field = spec.header.as_ref().ok_or_else(|| Fault::NotInTable.of("header"))?;
            message.header = Some(value_of(field, header).map_err(|error| error.within("header"))?);
        }
        let fields = document.get("fields").and_then(Json::as_object);
        for (name, json) in fields.ok_or_else(|| wrong("`fields` is missing"))? {
            let number: Option<u8> = name.parse().ok().filter(|number: &u8| number.to_string() == *name);
            let field = number.and_then(|number| Some((number, spec.fields.get(&number)?)));
            let (number, field) = field.ok_or_else(|| Fault::NotInTable.of(name))?;
            let value = value_of(field, json).map_err(|error| error.within(name))?;
            message.fields.insert(number, value);
        }
        Ok(message)
    }
}

fn value_json(value: &Value) -> Json {
    match value {
        Value::Text(text) => Json::from(text.as_str()),
        Value::Bytes(bytes) => Json::from(digits(bytes)),
        Value::Parts(parts) => {
            // Order carries meaning, and objects of JSON have none.
            parts.iter().map(|(id, value)| json!({ "part": id, "value": value_json(value) })).collect()
        }
        Value::Tlv(all) => all.iter().map(tlv_json).collect(),
    }
}

fn tlv_json(one: &Tlv) -> Json {
    let value = match one.value() {
        TlvValue::Bytes(bytes) => Json::from(digits(bytes)),
        TlvValue::Nested(all) => all.iter().map(tlv_json).collect(),
    };
    let mut json = json!({ "tag": digits(one.tag()), "value": value });
    if one.length_bytes() > 1 {
        json["length_bytes"] = one.length_bytes().into();
    }
    json
}

fn value_of(field: &Field, json: &Json) -> Result<Value, CodecError> {
    match (&field.parts, json) {
        // What was no TLV is read as bytes where that is let pass.
        (Some(Parts::BerTlv), Json::String(text)) => Ok(Value::Bytes(bytes_of(text)?)),
        (Some(Parts::BerTlv), Json::Array(all)) => Ok(Value::Tlv(tlvs_of(all, 0)?)),
        (Some(Parts::BerTlv), _) => Err(Fault::Kind("a list of tags and values").into()),
        (Some(parts), Json::Array(all)) => {
            let each = all.iter().map(|one| {
                let id = one.get("part").and_then(Json::as_str);
                let (Some(id), Some(value), Some(2)) = (id, one.get("value"), one.as_object().map(Map::len))
                else {
                    return Err(Fault::Kind("a list of `part` and `value`").into());
                };
                let value = match parts.field(id) {
                    Some(field) => value_of(field, value),
                    None if matches!(parts, Parts::Tagged { .. }) => text_of(value).map(Value::Text),
                    None => Err(Fault::NotInTable.into()),
                };
                Ok((id.to_owned(), value.map_err(|error| error.within(id))?))
            });
            Ok(Value::Parts(each.collect::<Result<_, CodecError>>()?))
        }
        (Some(_), _) => Err(Fault::Kind("a list of `part` and `value`").into()),
        (None, json) if field.content == Content::B => Ok(Value::Bytes(bytes_of(&text_of(json)?)?)),
        (None, json) => text_of(json).map(Value::Text),
    }
}

fn text_of(json: &Json) -> Result<String, CodecError> {
    json.as_str().map(str::to_owned).ok_or_else(|| Fault::Kind("text").into())
}

fn bytes_of(text: &str) -> Result<Vec<u8>, Fault> {
    coding::bytes_of(text).map_err(|_| Fault::Kind("bytes as hexadecimal digits"))
}

fn tlvs_of(all: &[Json], depth: usize) -> Result<Vec<Tlv>, Fault> {
    if depth > DEPTH_MAX {
        return Err(Fault::Tlv("TLVs stand too deep in TLVs"));
    }
    let each = all.iter().map(|one| {
        let names = one.as_object().ok_or(Fault::Kind("a list of `tag` and `value`"))?;
        let is_known = |name: &String| ["tag", "value", "length_bytes"].contains(&name.as_str());
        let tag = names.get("tag").and_then(Json::as_str).filter(|_| names.keys().all(is_known));
        let tag = bytes_of(tag.ok_or(Fault::Kind("a list of `tag` and `value`"))?)?;
        let value = match names.get("value") {
            Some(Json::String(text)) => TlvValue::Bytes(bytes_of(text)?),
            Some(Json::Array(nested)) => TlvValue::Nested(tlvs_of(nested, depth + 1)?),
            _ => return Err(Fault::Kind("a value: hexadecimal digits, or a list")),
        };
        let one = Tlv::new(&tag, value)?;
        Ok(match names.get("length_bytes") {
            None => one,
            Some(wide) => {
                let wide = wide.as_u64().and_then(|wide| u8::try_from(wide).ok()).filter(|wide| *wide <= 5);
                one.with_length_bytes(wide.ok_or(Fault::Kind("a length of 1 to 5 bytes"))?)
            }
        })
    });
    each.collect()
}

impl Parts {
    /// The part of this name.
    fn field(&self, id: &str) -> Option<&Field> {
        match self {
            Self::Positions(parts) => parts.iter().find(|part| part.id == id).map(|part| &part.field),
            Self::Bitmap { parts, .. } => parts.get(&id.parse().ok()?),
            Self::Tagged { known, .. } => known.get(id),
            Self::BerTlv => None,
        }
    }
}
