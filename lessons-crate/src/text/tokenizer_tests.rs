use super::*;

const VOCAB: &[u8] = b"[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\ngood\nfilm\n##s\n.\n!\n";

fn tokenizer() -> Tokenizer {
    Tokenizer::from_vocab(VOCAB, TokenizerConfig::default()).unwrap()
}

#[test]
fn awkward_texts_have_an_encoding() {
    let tokenizer = tokenizer();
    for (text, ids) in [
        ("", &[2, 3][..]),
        (" \t\n", &[2, 3]),
        ("\0", &[2, 3]),
        ("go\0od", &[2, 5, 3]),
        ("🎬", &[2, 1, 3]),
        ("GÓOD films!", &[2, 5, 6, 7, 9, 3]),
        ("[SEP]", &[2, 3, 3]),
    ] {
        let encoding = tokenizer.encode(text, 16).unwrap();
        assert_eq!(encoding.ids, ids, "{text:?}");
        assert!(!encoding.truncated);
        assert_eq!(encoding.full_len, ids.len());
    }
}

#[test]
fn overlong_text_is_cut_and_says_so() {
    let tokenizer = tokenizer();
    let encoding = tokenizer.encode(&"good ".repeat(1_000), 10).unwrap();
    assert_eq!(encoding.ids, [2, 5, 5, 5, 5, 5, 5, 5, 5, 3]);
    assert_eq!((encoding.truncated, encoding.full_len), (true, 1_002));
    assert!(encoding.special[0] && encoding.special[9] && !encoding.special[5]);
    let message = tokenizer.encode("good", 2).unwrap_err().to_string();
    assert!(message.contains("at least 3"), "{message}");
}

#[test]
fn offsets_point_into_the_text() {
    let text = "Göod  films";
    let encoding = tokenizer().encode(text, 16).unwrap();
    let parts: Vec<&str> = encoding.offsets.iter().map(|&(a, b)| &text[a..b]).collect();
    assert_eq!(parts, ["", "Göod", "film", "s", ""]);
}

#[test]
fn a_batch_is_padded_to_its_longest() {
    let (batch, encodings) = tokenizer()
        .encode_batch(&["good films", "film"], 16)
        .unwrap();
    assert_eq!(batch.ids, [2, 5, 6, 7, 3, 2, 6, 3, 0, 0]);
    assert_eq!(batch.attention_mask, [1, 1, 1, 1, 1, 1, 1, 1, 0, 0]);
    assert_eq!(encodings[1].tokens, ["[CLS]", "film", "[SEP]"]);
}

#[test]
fn a_limit_and_padding_in_the_file_do_not_apply() {
    let mut json: serde_json::Value =
        serde_json::from_str(&tokenizer().to_json().unwrap()).unwrap();
    json["truncation"] = serde_json::json!(
        {"direction": "Right", "max_length": 3, "strategy": "LongestFirst", "stride": 0});
    json["padding"] = serde_json::json!({"strategy": {"Fixed": 8}, "direction": "Right",
        "pad_to_multiple_of": null, "pad_id": 4, "pad_type_id": 0, "pad_token": "[MASK]"});
    let tokenizer = Tokenizer::from_json(json.to_string().as_bytes()).unwrap();
    assert_eq!(
        tokenizer.encode("good good good", 16).unwrap().ids,
        [2, 5, 5, 5, 3]
    );
    assert_eq!(tokenizer.pad_id(), 4);
}

#[test]
fn a_directory_gives_its_json_first_then_its_vocabulary() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name);
    let message = Tokenizer::open(dir.path()).unwrap_err().to_string();
    assert!(
        message.contains("looked for tokenizer.json, vocab.txt"),
        "{message}"
    );

    std::fs::write(path("vocab.txt"), VOCAB).unwrap();
    assert_eq!(
        Tokenizer::open(dir.path())
            .unwrap()
            .encode("Good", 9)
            .unwrap()
            .ids,
        [2, 5, 3]
    );
    std::fs::write(
        path("tokenizer_config.json"),
        r#"{"do_lower_case": false, "other": 1}"#,
    )
    .unwrap();
    assert_eq!(
        Tokenizer::open(dir.path())
            .unwrap()
            .encode("Good", 9)
            .unwrap()
            .ids,
        [2, 1, 3]
    );
    std::fs::write(path("tokenizer_config.json"), "{").unwrap();
    assert!(
        Tokenizer::open(dir.path())
            .unwrap_err()
            .to_string()
            .contains("tokenizer_config.json")
    );

    std::fs::write(path("tokenizer.json"), tokenizer().to_json().unwrap()).unwrap();
    assert_eq!(
        Tokenizer::open(dir.path())
            .unwrap()
            .encode("Good", 9)
            .unwrap()
            .ids,
        [2, 5, 3]
    );
    for (json, expected) in [
        ("{\"model\": ", "not JSON"),
        ("{}", "not a usable tokenizer"),
    ] {
        std::fs::write(path("tokenizer.json"), json).unwrap();
        let message = Tokenizer::open(dir.path()).unwrap_err().to_string();
        assert!(
            message.contains(expected) && message.contains("tokenizer.json"),
            "{message}"
        );
    }
}
