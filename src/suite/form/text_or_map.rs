//! Values that are either a scalar or a mapping.

/// A value that is either a scalar or a mapping, without losing the places of what is inside (`untagged` would).
macro_rules! text_or_map {
    ($name:ident, $text:ident, $map:ident($inner:ty), $expecting:literal, $wrap:expr) => {
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct TextOrMap;
                impl<'de> Visitor<'de> for TextOrMap {
                    type Value = $name;
                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str($expecting)
                    }
                    fn visit_str<E>(self, text: &str) -> Result<$name, E> {
                        Ok($name::$text(text.to_owned()))
                    }
                    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<$name, A::Error> {
                        let inner = <$inner>::deserialize(MapAccessDeserializer::new(map))?;
                        let wrap = $wrap;
                        Ok($name::$map(wrap(inner)))
                    }
                }
                deserializer.deserialize_any(TextOrMap)
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).trim_end_matches("Yaml").to_owned().into()
            }
            fn json_schema(generator: &mut SchemaGenerator) -> Schema {
                let text = String::json_schema(generator);
                let map = generator.subschema_for::<$inner>();
                schemars::json_schema!({ "anyOf": [text, map] })
            }
        }
    };
}

pub(super) use text_or_map;
