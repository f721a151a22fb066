//! Hints for the exercises, from a nudge to almost the answer.

use std::collections::BTreeMap;

use super::bundle::Bundle;
use super::display::display;

/// The texts, by lesson and exercise; three each.
const HINTS: &str = include_str!("hints.toml");

/// Shows a hint for an exercise: level 1 points the way, 2 names the pieces, 3 is almost the
/// answer.
///
/// ```
/// lessons::notebook::hint(1, "leaky_relu", 1);
/// ```
pub fn hint(lesson: u32, exercise: &str, level: usize) {
    display(&Bundle::text(text(lesson, exercise, level)));
}

/// The hints by lesson, then exercise.
fn hints() -> BTreeMap<String, BTreeMap<String, Vec<String>>> {
    // The file is part of the library, and a test reads all of it.
    toml::from_str(HINTS).unwrap_or_default()
}

fn text(lesson: u32, exercise: &str, level: usize) -> String {
    let hints = hints();
    let Some(exercises) = hints.get(&format!("{lesson:02}")) else {
        let lessons: Vec<&str> = hints.keys().map(String::as_str).collect();
        return format!(
            "Lesson {lesson} has no hints; there are some for {}.",
            lessons.join(", ")
        );
    };
    let Some(levels) = exercises.get(exercise) else {
        let names: Vec<&str> = exercises.keys().map(String::as_str).collect();
        return format!(
            "Lesson {lesson} has no exercise `{exercise}`; it has {}.",
            names.join(", ")
        );
    };
    match level.checked_sub(1).and_then(|index| levels.get(index)) {
        Some(text) => format!("Hint {level} of {}: {}", levels.len(), text.trim()),
        None => format!(
            "There are {} hints, from 1 to {}.",
            levels.len(),
            levels.len()
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_exercise_has_three_hints_that_differ() {
        let hints = hints();
        let exercises: Vec<_> = hints
            .iter()
            .flat_map(|(lesson, exercises)| {
                exercises.keys().map(move |name| format!("{lesson} {name}"))
            })
            .collect();
        assert_eq!(
            exercises,
            ["01 leaky_relu", "02 two_layers", "08 mean_pool"]
        );
        for levels in hints.values().flat_map(BTreeMap::values) {
            assert_eq!(levels.len(), 3);
            assert!(levels.iter().all(|text| text.trim().len() > 20));
            assert!(levels[0] != levels[1] && levels[1] != levels[2]);
        }
    }

    #[test]
    fn what_is_not_there_is_answered_with_what_is() {
        assert!(text(1, "leaky_relu", 1).starts_with("Hint 1 of 3: "));
        assert!(text(1, "leaky_relu", 0).contains("from 1 to 3"));
        assert!(text(1, "leaky_relu", 4).contains("from 1 to 3"));
        assert!(text(1, "leaky", 1).contains("it has leaky_relu"));
        assert!(text(3, "x", 1).contains("01, 02, 08"));
    }
}
