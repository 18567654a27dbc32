//! What holds for every table and every message.

use crate::random::{EVERYTHING, Random, message, spec};
use iso8583::{Message, Spec, Tolerance};
use proptest::prelude::*;

/// Messages that a table can hold: what is written is read as it was. A message may be too long in all.
#[test]
fn what_is_written_is_read() {
    let mut compared = 0;
    for seed in 1..=400 {
        let random = &mut Random::new(seed);
        let spec = spec(random, EVERYTHING);
        assert_eq!(Spec::from_json(&spec.to_json()).unwrap(), spec, "seed {seed}");
        for _ in 0..10 {
            let message = message(random, &spec);
            let Ok(bytes) = spec.encode(&message) else { continue };
            let read = spec.decode(&bytes, Tolerance::default());
            let read = read.unwrap_or_else(|error| panic!("seed {seed}: {error}"));
            let again = spec.encode(&read).unwrap();
            assert_eq!(again, bytes, "seed {seed}");
            assert_eq!(Message::from_json(&spec, &read.to_json()).unwrap(), read, "seed {seed}");
            let frame = spec.cut(&bytes, Tolerance::default()).unwrap();
            assert!(frame.numbers().eq(message.fields.keys().copied()), "seed {seed}");
            compared += 1;
            // Every message that is cut off is refused.
            let shorter = &bytes[..random.below(bytes.len())];
            assert!(spec.decode(shorter, Tolerance::ALL).is_err(), "seed {seed}");
        }
    }
    assert!(compared > 3_500, "{compared} messages could be written");
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic_and_what_is_taken_strictly_is_taken_tolerantly(
        seed in 1..2_000_u64,
        mut bytes in proptest::collection::vec(any::<u8>(), 0..300),
        like in any::<bool>(),
    ) {
        let random = &mut Random::new(seed);
        let spec = spec(random, EVERYTHING);
        if like && let Ok(mut genuine) = spec.encode(&message(random, &spec)) {
            // A genuine message with some bytes exchanged.
            for byte in bytes.iter().take(3) {
                let place = random.below(genuine.len());
                genuine[place] = *byte;
            }
            bytes = genuine;
        }
        let strict = spec.decode(&bytes, Tolerance::default());
        let tolerant = spec.decode(&bytes, Tolerance::ALL);
        if let Ok(message) = strict {
            let again = spec.encode(&message).expect("what was taken strictly can be written");
            prop_assert_eq!(spec.decode(&again, Tolerance::default()), Ok(message.clone()));
            prop_assert_eq!(tolerant, Ok(message));
        }
    }
}
