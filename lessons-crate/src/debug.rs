//! What the environment variable `LESSONS_DEBUG` prints to standard error: a ladder, each step with
//! all those below it.
//!
//! | value | prints |
//! | --- | --- |
//! | `0` | nothing, as without it |
//! | `1` | a line for each graph that is compiled, each model that is loaded, and each plan that is made for new shapes |
//! | `2` | each patch of each pass |
//! | `3` | the whole graph after each pass that changed it |
//! | `4` | each kernel of each run with its time |
//!
//! `lessons::debug::level()` is read once. What finds the patch that breaks a graph is
//! [`Session::bisect`](crate::engine::Session::bisect).

use std::io::Write;
use std::sync::OnceLock;

/// The highest step of the ladder.
pub const MOST: u8 = 4;

/// The step of the ladder that `LESSONS_DEBUG` names, read once.
pub fn level() -> u8 {
    static LEVEL: OnceLock<u8> = OnceLock::new();
    *LEVEL.get_or_init(|| {
        let Some(value) = std::env::var_os("LESSONS_DEBUG") else {
            return 0;
        };
        let value = value.to_string_lossy();
        parse(&value).unwrap_or_else(|| {
            print(&format!(
                "LESSONS_DEBUG is `{value}`, and not a number from 0 to {MOST}: nothing is printed"
            ));
            0
        })
    })
}

fn parse(value: &str) -> Option<u8> {
    match value.trim() {
        "" => Some(0),
        value => value.parse().ok().filter(|level| *level <= MOST),
    }
}

/// Prints a text if the ladder is high enough.
pub(crate) fn say(step: u8, text: impl FnOnce() -> String) {
    if level() >= step {
        print(&text());
    }
}

/// Where standard error takes no more, nobody is there to be told.
fn print(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "lessons: {text}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prelude::*;

    #[test]
    fn a_level_is_a_number_of_the_ladder() {
        let read = ["", "0", " 3 ", "4", "5", "-1", "all"].map(parse);
        assert_eq!(read, [Some(0), Some(0), Some(3), Some(4), None, None, None]);
    }

    /// What the child below prints to standard error at a level.
    fn printed(level: &str) -> String {
        let child = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "debug::tests::child", "--nocapture", "--ignored"])
            .env("LESSONS_DEBUG", level)
            .output()
            .unwrap();
        assert!(child.status.success());
        String::from_utf8(child.stderr).unwrap()
    }

    #[test]
    #[ignore = "it is run by the test beside it, with LESSONS_DEBUG set"]
    fn child() {
        let graph = Graph::build("affine", |g| {
            let x = g.input("x", f32s(("n",)));
            g.output("y", (2 * x + 1.0).relu());
        })
        .unwrap();
        let model = Session::cpu().load(&graph, &Weights::new()).unwrap();
        model.call(&Tensor::new(&[1f32], &Cpu).unwrap()).unwrap();
    }

    #[test]
    fn each_step_of_the_ladder_prints_more() {
        let steps = ["0", "1", "2", "3", "4"].map(printed);
        assert_eq!(steps[0], "");
        let marks = [
            "lessons: compile affine: 6 → ",
            "lessons:   fuse_elementwise: ",
            "lessons: after fuse_elementwise\ngraph affine\n",
            "elementwise loop",
        ];
        for (at, mark) in marks.iter().enumerate() {
            for (level, text) in steps.iter().enumerate() {
                assert_eq!(
                    text.contains(mark),
                    level > at,
                    "{mark} at {level}:\n{text}"
                );
            }
        }
        for line in [
            "lessons: load affine: ",
            "lessons: plan affine for n = 1: 1 steps, ",
        ] {
            assert!(steps[1].contains(line), "{}", steps[1]);
        }
        assert!(printed("loud").contains("not a number from 0 to 4"));
    }
}
