//! The committed schemas are the generated ones. `UPDATE_GOLDEN=1` writes them anew.

use std::fs;
use std::path::Path;

use pricewright::rulebook::{schema, settings_schema, tests_schema};

#[test]
fn the_committed_schemas_are_in_step() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules");
    for (name, generated) in
        [("schema.json", schema()), ("settings.schema.json", settings_schema()), ("tests.schema.json", tests_schema())]
    {
        let parsed: serde_json::Value = serde_json::from_str(&generated).unwrap();
        assert_eq!(parsed["$schema"], "http://json-schema.org/draft-07/schema#");
        let path = folder.join(name);
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            fs::create_dir_all(&folder).unwrap();
            fs::write(&path, &generated).unwrap();
        }
        let committed = fs::read_to_string(&path).unwrap_or_default();
        assert!(committed == generated, "{name} is not in step: UPDATE_GOLDEN=1 cargo test --test it schema");
    }
}
