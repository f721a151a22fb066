//! Crates made for evcxr: what they print is shown as they mean it.

use crate::harness::{Ran, Session};
use lessons_kernel::engine::Output;

/// The types of a cell's outputs, and their text.
fn shown(ran: &Ran) -> Vec<String> {
    let one = |output: &Output| match output {
        Output::Stdout(bytes) => format!("text {}", String::from_utf8_lossy(bytes).trim()),
        Output::Display { data, .. } => format!("display {}", serde_json::json!(data)),
        Output::Result { data, .. } => format!("result {}", serde_json::json!(data)),
        other => format!("{other:?}"),
    };
    ran.outputs.iter().map(one).collect()
}

/// What plotters' `SVGWrapper` and plotly's `Plot` print, in the words in which they print it.
const FIGURES: &str = r##"
struct SvgWrapper(String, String);
impl SvgWrapper {
    fn evcxr_display(&self) { println!("{:?}", self); }
}
impl std::fmt::Debug for SvgWrapper {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        write!(f, "EVCXR_BEGIN_CONTENT text/html\n<div style=\"{}\">{}</div>\nEVCXR_END_CONTENT", self.1, self.0)
    }
}
struct Plot;
impl Plot {
    fn notebook_display(&self) {
        println!("EVCXR_BEGIN_CONTENT text/html\n{}\nEVCXR_END_CONTENT", "<div id=\"p\"></div>");
    }
    fn lab_display(&self) {
        let json = r#"{"data":[{"type":"scatter","x":[0,1]}],"layout":{}}"#;
        println!("EVCXR_BEGIN_CONTENT application/vnd.plotly.v1+json\n{}\nEVCXR_END_CONTENT", json);
    }
    fn evcxr_display(&self) { self.lab_display(); }
}
"##;

#[test]
fn crates_that_print_content_markers_show_what_they_mean() {
    let mut session = Session::new();
    session.ok(FIGURES);
    let svg = "SvgWrapper(\"<svg/>\".into(), \"width: 60%\".into())";
    let ran = session.ok(svg);
    let div = r#"{"text/html":"<div style=\"width: 60%\"><svg/></div>"}"#;
    assert_eq!(shown(&ran), [format!("result {div}")]);
    let plot =
        r#"{"application/vnd.plotly.v1+json":{"data":[{"type":"scatter","x":[0,1]}],"layout":{}}}"#;
    assert_eq!(shown(&session.ok("Plot")), [format!("result {plot}")]);
    // Several in a cell, among text, from a thread, and at the end.
    let ran = session.ok("println!(\"one\");
         Plot.lab_display();
         println!(\"two\");
         std::thread::spawn(|| Plot.notebook_display()).join().unwrap();
         println!(\"three\");
         Plot.lab_display();
         Plot.lab_display();
         Plot");
    let html = r#"{"text/html":"<div id=\"p\"></div>"}"#;
    assert_eq!(
        shown(&ran),
        [
            "text one".to_owned(),
            format!("display {plot}"),
            "text two".to_owned(),
            format!("display {html}"),
            "text three".to_owned(),
            format!("display {plot}"),
            format!("display {plot}"),
            format!("result {plot}"),
        ]
    );
    let set = session.value("std::env::var(\"EVCXR_IS_RUNTIME\").is_ok()");
    assert_eq!(set, "true");
}
