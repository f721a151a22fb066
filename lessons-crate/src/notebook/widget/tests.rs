use std::sync::{Arc, Mutex};

use lessons_channel::{Comm, CommAction, Delivery};
use serde_json::{Map, Value, json};

use super::control::TARGET;
use super::*;
use crate::notebook::Bundle;
use crate::notebook::comm::deliver;
use crate::notebook::connection::testing::{Kernel, without_kernel};
use crate::prelude::*;

fn from_frontend(comm_id: &str, action: CommAction, data: Value, superseded: bool) {
    deliver(Delivery {
        comm: Comm {
            comm_id: comm_id.into(),
            action,
            data,
            metadata: Map::new(),
            buffers: Vec::new(),
        },
        superseded,
    });
}

fn update(comm_id: &str, state: Value, superseded: bool) {
    let data = json!({"method": "update", "state": state, "buffer_paths": []});
    from_frontend(comm_id, CommAction::Message, data, superseded);
}

/// The id and state of the model of this name among comms that were opened.
fn opened(comms: &[Comm], name: &str) -> (String, Value) {
    let comm = comms
        .iter()
        .find(|comm| comm.data["state"]["_model_name"] == name)
        .unwrap_or_else(|| panic!("no {name} among {comms:?}"));
    assert_eq!(comm.metadata["version"], "2.1.0");
    let CommAction::Open { target_name } = &comm.action else {
        panic!("{comm:?}");
    };
    assert_eq!(target_name, "jupyter.widget");
    (comm.comm_id.clone(), comm.data["state"].clone())
}

/// What a listener was called with.
fn record<T: Send + 'static>() -> (Arc<Mutex<Vec<T>>>, impl FnMut(T) + Send + 'static) {
    let values = Arc::new(Mutex::new(Vec::new()));
    let kept = values.clone();
    (values, move |value| kept.lock().unwrap().push(value))
}

fn taken<T>(values: &Mutex<Vec<T>>) -> Vec<T> {
    std::mem::take(&mut *values.lock().unwrap())
}

#[test]
fn a_slider_opens_with_its_parts_first_and_follows_the_frontend() {
    let kernel = Kernel::start();
    let bits = slider("bits", 2..=8).value(4).build().unwrap();
    let (values, listener) = record();
    bits.on_change(listener);
    let bundle = bits.bundle();
    let comms = kernel.comms();
    let (id, state) = opened(&comms, "IntSliderModel");
    assert_eq!(comms.last().unwrap().comm_id, id);
    for (key, name) in [("layout", "LayoutModel"), ("style", "SliderStyleModel")] {
        assert_eq!(state[key], format!("IPY_MODEL_{}", opened(&comms, name).0));
    }
    assert_eq!(
        [
            &state["value"],
            &state["min"],
            &state["max"],
            &state["step"]
        ],
        [&json!(4), &json!(2), &json!(8), &json!(1)]
    );
    assert_eq!(state["_view_module"], "@jupyter-widgets/controls");
    assert_eq!(state["_model_module_version"], "2.0.0");
    let view = &bundle.data["application/vnd.jupyter.widget-view+json"];
    assert_eq!(view["model_id"], id);
    assert!(
        bundle
            .get("text/plain")
            .unwrap()
            .starts_with("bits = 4  [slider from 2 to 8")
    );

    update(&id, json!({"value": 7}), false);
    assert_eq!((bits.value(), taken(&values)), (7, vec![7]));
    let echo = &kernel.comms()[0];
    assert_eq!(echo.action, CommAction::Message);
    assert_eq!(
        echo.data,
        json!({"method": "echo_update", "state": {"value": 7}, "buffer_paths": []})
    );

    bits.set(3).unwrap();
    assert_eq!(taken(&values), [3]);
    assert_eq!(kernel.comms()[0].data["state"], json!({"value": 3}));
    bits.set(3).unwrap();
    assert!(kernel.comms().is_empty() && taken(&values).is_empty());
    assert_eq!(kernel.comms(), []);
}

#[test]
fn of_values_that_wait_the_last_one_counts() {
    let kernel = Kernel::start();
    let x = slider("x", 0.0..=1.0).build().unwrap();
    let (values, listener) = record();
    x.on_change(listener);
    x.bundle();
    let id = opened(&kernel.comms(), "FloatSliderModel").0;
    for step in 1..=9 {
        update(&id, json!({"value": f64::from(step) / 10.0}), true);
    }
    assert_eq!(taken(&values), [0.0; 0]);
    update(&id, json!({"value": 1}), false);
    assert_eq!(taken(&values), [1.0]);
    // Each message has its own echo: frontends wait for those.
    let echoes = kernel.comms();
    assert_eq!(echoes.len(), 10);
    assert!(
        echoes
            .iter()
            .all(|echo| echo.data["method"] == "echo_update")
    );
    // What changed is not forgotten when the last message says something else.
    update(&id, json!({"value": 0.25}), true);
    update(&id, json!({}), false);
    assert_eq!(taken(&values), [0.25]);
}

#[test]
fn what_a_frontend_may_not_say_is_put_right() {
    let kernel = Kernel::start();
    let bits = slider("bits", 2..=8).build().unwrap();
    bits.bundle();
    let id = opened(&kernel.comms(), "IntSliderModel").0;
    for (sent, kept) in [
        (json!({"value": 99}), 8),
        (json!({"value": "many"}), 8),
        (json!({"value": null}), 8),
        (json!({"min": -5}), 8),
        (json!({"value": 2.4}), 2),
    ] {
        update(&id, sent.clone(), false);
        assert_eq!(bits.value(), kept, "{sent}");
        let comms = kernel.comms();
        assert_eq!(comms[0].data["method"], "echo_update");
        assert_eq!(comms[1].data["method"], "update");
        assert_eq!(comms.len(), 2);
    }
    update(&id, json!({"no_such_key": 1}), false);
    assert_eq!(kernel.comms(), []);
}

#[test]
fn a_page_that_is_loaded_anew_gets_every_widget_with_its_bytes() {
    let kernel = Kernel::start();
    let png = b"\x89PNG and more";
    let picture = image(png, "a picture").unwrap();
    picture.bundle();
    let id = opened(&kernel.comms(), "ImageModel").0;
    let control = |action, data| from_frontend("control", action, data, false);
    let target_name = TARGET.to_owned();
    control(
        CommAction::Open {
            target_name: target_name.clone(),
        },
        json!({}),
    );
    assert_eq!(kernel.comms()[0].action, CommAction::Accept { target_name });
    control(CommAction::Message, json!({"method": "request_states"}));
    let answer = kernel.comms().remove(0);
    assert_eq!(answer.data["method"], "update_states");
    let described = &answer.data["states"][&id];
    assert_eq!(described["model_name"], "ImageModel");
    assert_eq!(described["model_module"], "@jupyter-widgets/controls");
    assert_eq!(described["state"].get("value"), None);
    let paths = answer.data["buffer_paths"].as_array().unwrap();
    let place = paths
        .iter()
        .position(|path| *path == json!([id, "state", "value"]));
    assert_eq!(answer.buffers[place.unwrap()], png);

    from_frontend(
        &id,
        CommAction::Message,
        json!({"method": "request_state"}),
        false,
    );
    let answer = kernel.comms().remove(0);
    assert_eq!(answer.data["method"], "update");
    assert_eq!(answer.data["buffer_paths"], json!([["value"]]));
    assert_eq!(answer.buffers, [png]);

    picture.close();
    control(CommAction::Message, json!({"method": "request_states"}));
    let comms = kernel.comms();
    assert_eq!(comms[0].action, CommAction::Close);
    assert_eq!(comms.last().unwrap().data["states"].get(&id), None);
}

#[test]
fn an_interaction_may_stand_still_as_something_else() {
    let _none = without_kernel();
    let bits = slider("bits", 2..=8).build().unwrap();
    let shown = interact(&bits, |bits| format!("{bits} bits"));
    let text = |shown: &Interaction| shown.bundle().get("text/plain").unwrap().to_owned();
    assert!(text(&shown).starts_with("bits = 2") && text(&shown).contains("2 bits"));
    let still = text(&shown.still(&"2 to 8 bits, side by side"));
    assert!(still.starts_with("2 to 8 bits, side by side\n") && !still.contains("bits = 2"));
}

/// A film under a slider stands still as small multiples.
#[test]
fn a_film_without_widgets_is_the_strip() {
    let _none = without_kernel();
    let graph = Graph::build("affine", |g| {
        let x = g.input("x", f32s(("n",)));
        g.output("y", (2 * x + 1.0).relu());
    });
    let plan = Session::cpu().compile(&graph.unwrap()).unwrap();
    let film = FilmStrip::every_patch(&plan).unwrap();
    let strip = film.figure();
    let still = film.slide().unwrap().bundle();
    assert!(
        still
            .get("text/plain")
            .unwrap()
            .starts_with(strip.to_text())
    );
    assert!(
        still
            .get("text/html")
            .unwrap()
            .starts_with(&strip.to_html())
    );
}

#[test]
fn interact_draws_again_for_each_value_and_shows_what_went_wrong() {
    let kernel = Kernel::start();
    let bits = slider("bits", 2..=8).build().unwrap();
    let causal = checkbox("causal", false);
    let shown = interact((&bits, &causal), |(bits, causal)| {
        if bits == 5 {
            return Err("five is not supported");
        }
        assert!(bits != 6, "six panics");
        Ok(format!("{bits} {causal}"))
    });
    let bundle = shown.bundle();
    let text = bundle.get("text/plain").unwrap();
    assert!(
        text.contains("bits = 2") && text.contains("causal = no"),
        "{text}"
    );
    assert!(text.contains("\n2 false\n"), "{text}");
    let comms = kernel.comms();
    let (slider, area) = (
        opened(&comms, "IntSliderModel").0,
        opened(&comms, "HTMLModel").0,
    );
    let children = &opened(&comms, "VBoxModel").1["children"];
    assert_eq!(children.as_array().unwrap().len(), 3);
    for (value, expected) in [
        (4, "<pre>4 false</pre>"),
        (5, "<pre role=\"alert\">five is not supported</pre>"),
        (6, "six panics"),
        (7, "<pre>7 false</pre>"),
    ] {
        update(&slider, json!({"value": value}), false);
        let comms = kernel.comms();
        let last = comms.iter().rfind(|comm| comm.comm_id == area).unwrap();
        let html = last.data["state"]["value"].as_str().unwrap();
        assert!(html.contains(expected), "{html}");
    }
    causal.set(true);
    let comms = kernel.comms();
    let last = comms.iter().rfind(|comm| comm.comm_id == area).unwrap();
    assert_eq!(last.data["state"]["value"], "<pre>7 true</pre>");
}

#[test]
fn every_control_gives_its_value_and_takes_the_frontends() {
    let kernel = Kernel::start();
    let id = |widget: &dyn Fn() -> Bundle, name: &str| {
        widget();
        opened(&kernel.comms(), name).0
    };

    let layers = range_slider("layers", 0..=5).value(1..=3).build().unwrap();
    let comm = id(&|| layers.bundle(), "IntRangeSliderModel");
    update(&comm, json!({"value": [2, 9]}), false);
    assert_eq!(layers.value(), 2..=5);
    layers.set(0..=1).unwrap();
    assert!(layers.set(1..=6).is_err() && layers.value() == (0..=1));

    let dtype = dropdown("weights", ["f32", "int8"])
        .value("int8")
        .build()
        .unwrap();
    let comm = id(&|| dtype.bundle(), "DropdownModel");
    assert_eq!(dtype.value(), "int8");
    update(&comm, json!({"index": 0}), false);
    assert_eq!(dtype.value(), "f32");
    update(&comm, json!({"index": 2}), false);
    assert_eq!(dtype.value(), "f32");
    let error = dtype.set("f16").unwrap_err().to_string();
    assert!(error.contains("one of f32, int8"), "{error}");
    let none = dropdown("none", [""; 0]).build().unwrap_err().to_string();
    assert!(none.contains("no options"), "{none}");

    let causal = checkbox("causal", true);
    let comm = id(&|| causal.bundle(), "CheckboxModel");
    update(&comm, json!({"value": false}), false);
    assert!(!causal.value());

    let sentence = text("sentence", "good");
    let comm = id(&|| sentence.bundle(), "TextModel");
    update(&comm, json!({"value": "bad"}), false);
    assert_eq!(sentence.value(), "bad");

    let (clicks, mut listener) = record();
    let step = button("one step");
    step.on_click(move || listener(()));
    let comm = id(&|| step.bundle(), "ButtonModel");
    let click = json!({"method": "custom", "content": {"event": "click"}});
    from_frontend(&comm, CommAction::Message, click, false);
    assert_eq!(taken(&clicks).len(), 1);

    let bar = progress_bar("epochs", 4);
    id(&|| bar.bundle(), "IntProgressModel");
    bar.set(9);
    assert_eq!(bar.value(), 4);
    let states: Vec<Value> = kernel
        .comms()
        .iter()
        .map(|comm| comm.data["state"].clone())
        .collect();
    assert_eq!(
        states,
        [json!({"value": 4}), json!({"bar_style": "success"})]
    );

    let error = image(b"GIF89a", "moving").unwrap_err().to_string();
    assert!(error.contains("neither PNG nor JPEG"), "{error}");
}

#[test]
fn a_box_that_is_shown_takes_further_children() {
    let kernel = Kernel::start();
    let all = vbox();
    all.bundle();
    let id = opened(&kernel.comms(), "VBoxModel").0;
    all.add(&html("<b>new</b>", "new"));
    let comms = kernel.comms();
    let child = opened(&comms, "HTMLModel").0;
    let last = comms.last().unwrap();
    assert_eq!(last.comm_id, id);
    assert_eq!(
        last.data["state"]["children"],
        json!([format!("IPY_MODEL_{child}")])
    );
}

#[test]
fn a_widget_that_the_frontend_closed_opens_anew_when_it_is_shown() {
    let kernel = Kernel::start();
    let causal = checkbox("causal", true);
    causal.bundle();
    let id = opened(&kernel.comms(), "CheckboxModel").0;
    from_frontend(&id, CommAction::Close, json!({}), false);
    causal.set(false);
    assert_eq!(kernel.comms(), []);
    causal.bundle();
    assert_eq!(opened(&kernel.comms(), "CheckboxModel").1["value"], false);
}

#[test]
fn without_a_kernel_a_still_picture_says_it_all() {
    let _nobody = without_kernel();
    let bits = slider("bits", 2..=8).value(4).build().unwrap();
    let figure = |bits: i32| {
        let points = [(0.0, 0.0), (1.0, f64::from(bits))];
        LineChart::new("Levels").series("levels", points).figure()
    };
    let bundle = interact(&bits, figure).bundle();
    let forms: Vec<&str> = bundle.data.keys().map(String::as_str).collect();
    assert_eq!(forms, ["text/html", "text/plain"]);
    let (html, text) = (
        bundle.get("text/html").unwrap(),
        bundle.get("text/plain").unwrap(),
    );
    assert!(html.contains("<b>bits = 4</b>") && html.contains(&figure(4).to_html()));
    assert!(
        text.starts_with("bits = 4  [slider from 2 to 8 in steps of 1]\nLevels\n"),
        "{text}"
    );
    assert!(text.contains("still picture") && html.contains("still picture"));
    bits.set(5).unwrap();
    assert_eq!(bits.value(), 5);
}
