//! Comparisons: verdicts, failures, and the speed of wrong answers.

use std::cell::RefCell;

use candle_core::Device;

use super::*;
use crate::engine::RunError;

fn quick() -> Budget {
    Budget {
        warm_up: Duration::from_micros(10),
        time: Duration::ZERO,
        min_samples: 3,
        max_samples: 3,
    }
}

fn x() -> Tensor {
    Tensor::new(&[1f32, -2.0], &Device::Cpu).unwrap()
}

#[test]
fn wrong_failing_and_panicking_ones_get_rows_and_no_speed_up() {
    let x = x();
    let comparison = compare("neg", &x)
        .budget(quick())
        .with("neg", |x| Ok(x.neg()?))
        .with("times -1", |x| Ok((x * -1.0)?))
        .with("wrong", |x| Ok(x.clone()))
        .with("fails", |_| {
            Err(RunError::new("no device").help("buy one").into())
        })
        .with("panics", |_| panic!("lost its driver"))
        .run()
        .unwrap();
    assert_eq!(
        comparison.verdict(),
        "times -1 agrees with neg: yes\nwrong agrees with neg: no\n\
         fails agrees with neg: it failed: no device\n\
         panics agrees with neg: it failed: panicked: lost its driver"
    );
    let fast: Vec<bool> = comparison
        .rows
        .iter()
        .map(|row| comparison.speed_up(row).is_some())
        .collect();
    assert_eq!(fast, [false, true, false, false, false]);
    assert_eq!(comparison.rows[2].difference.unwrap().largest, 4.0);
    assert!(
        comparison.to_string().contains("4.0e0: differs"),
        "{comparison}"
    );
}

#[test]
fn a_first_one_that_fails_takes_nobody_along() {
    let x = x();
    let comparison = compare("neg", &x)
        .budget(quick())
        .with("fails", |_| Err(RunError::new("broken").into()))
        .with("neg", |x| Ok(x.neg()?))
        .run()
        .unwrap();
    assert!(comparison.rows[1].time.is_ok());
    assert_eq!(
        comparison.verdict(),
        "fails failed: broken\nneg agrees with fails: unknown, since that one failed"
    );
}

#[test]
fn samples_are_taken_in_turns_on_the_very_same_input() {
    let x = x();
    let order = RefCell::new(Vec::new());
    let slow = |name: &'static str| {
        let order = &order;
        let x = &x;
        move |given: &Tensor| {
            assert_eq!(given.id(), x.id());
            std::thread::sleep(Duration::from_micros(30));
            order.borrow_mut().push(name);
            Ok(given.clone())
        }
    };
    compare("turns", &x)
        .budget(quick())
        .with("a", slow("a"))
        .with("b", slow("b"))
        .run()
        .unwrap();
    let order = order.into_inner();
    assert_eq!(order[order.len() - 6..], ["a", "b", "a", "b", "a", "b"]);
}

#[test]
fn nothing_to_compare_is_an_error_that_says_how() {
    let error = compare("empty", &x()).run().unwrap_err().to_string();
    assert!(error.contains(".with("), "{error}");
}

#[test]
fn unequal_work_is_warned_of() {
    let x = x();
    let comparison = compare("neg", &x)
        .budget(quick())
        .with("neg", |x| Ok(x.neg()?))
        .with("half", |x| {
            Ok(x.neg()?.to_dtype(candle_core::DType::BF16)?)
        })
        .with("one", |x| Ok(x.neg()?.narrow(0, 0, 1)?))
        .run()
        .unwrap();
    let text = comparison.to_string();
    assert!(
        text.contains("warning: half computes bf16 instead of f32"),
        "{text}"
    );
    assert!(
        text.contains("warning: one computes a batch of 1 instead of 2"),
        "{text}"
    );
    assert!(comparison.speed_up(&comparison.rows[2]).is_none());
}

/// Other load is told of, where there is any.
#[test]
fn what_the_machine_does_meanwhile_is_part_of_the_warnings() {
    let x = x();
    let mut comparison = compare("neg", &x)
        .budget(quick())
        .with("neg", |x| Ok(x.neg()?))
        .run()
        .unwrap();
    comparison.conditions = vec!["the clock changed".to_owned()];
    assert!(
        comparison
            .to_string()
            .contains("warning: the clock changed")
    );
}
