//! PINs that a thief tries first. Only asked when a PIN is set.

/// Favourites that no rule below finds: patterns on the keypad and words.
const FAVOURITES: [&[u8]; 20] = [
    b"147258",
    b"147369",
    b"147852",
    b"159357",
    b"159753",
    b"258369",
    b"258456",
    b"321654",
    b"357159",
    b"369258",
    b"456123",
    b"456789123",
    b"741852",
    b"789456",
    b"963852",
    b"112358",
    b"123654",
    b"142536",
    b"314159",
    b"271828",
];

/// Whether these ASCII digits, six or more, are among the first that a thief would try.
pub(super) fn is_obvious(digits: &[u8]) -> bool {
    is_row(digits)
        || is_repeat(digits)
        || is_doubled_row(digits)
        || is_mirror(digits)
        || is_date(digits)
        || FAVOURITES.contains(&digits)
}

/// A constant step: 111111, 123456, 864208.
fn is_row(digits: &[u8]) -> bool {
    let mut steps = digits.windows(2).map(|pair| (10 + pair[1] - pair[0]) % 10);
    let first = steps.next();
    steps.all(|step| Some(step) == first)
}

/// A block of at most half the digits over and over: 121212, 123123, 48294829.
fn is_repeat(digits: &[u8]) -> bool {
    (1..=digits.len() / 2).any(|block| digits.iter().zip(&digits[block..]).all(|(a, b)| a == b))
}

/// Each digit of a row twice or three times: 112233, 111222.
fn is_doubled_row(digits: &[u8]) -> bool {
    [2, 3].into_iter().any(|times| {
        let whole = digits.len().is_multiple_of(times);
        let chunks_uniform = digits.chunks(times).all(|chunk| chunk.iter().all(|d| *d == chunk[0]));
        let row: Vec<u8> = digits.chunks(times).map(|chunk| chunk[0]).collect();
        whole && chunks_uniform && is_row(&row)
    })
}

/// The same forwards and backwards: 123321.
fn is_mirror(digits: &[u8]) -> bool {
    digits.iter().eq(digits.iter().rev())
}

/// A calendar date, in any usual order: 240895, 082495, 950824, 24081995, 19950824, 081995, 199508.
fn is_date(digits: &[u8]) -> bool {
    let number = |range: core::ops::Range<usize>| {
        digits[range].iter().fold(0_u32, |value, digit| value * 10 + u32::from(digit - b'0'))
    };
    let day_and_month = |a: u32, b: u32| {
        let fits = |day, month| (1..=31).contains(&day) && (1..=12).contains(&month);
        fits(a, b) || fits(b, a)
    };
    let month = |m: u32| (1..=12).contains(&m);
    let year = |y: u32| (1900..=2099).contains(&y);
    match digits.len() {
        6 => {
            day_and_month(number(0..2), number(2..4))
                || day_and_month(number(2..4), number(4..6))
                || year(number(0..4)) && month(number(4..6))
                || month(number(0..2)) && year(number(2..6))
        }
        8 => {
            day_and_month(number(0..2), number(2..4)) && year(number(4..8))
                || year(number(0..4)) && day_and_month(number(4..6), number(6..8))
                || year(number(0..4)) && year(number(4..8))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_thief_tries_first_is_refused() {
        for pin in [
            "000000",
            "123456",
            "654321",
            "234567",
            "890123",
            "135791",
            "121212",
            "123123",
            "112233",
            "111222",
            "123321",
            "48294829",
            "240895",
            "082495",
            "950824",
            "24081995",
            "19950824",
            "199508",
            "081995",
            "20012003",
            "159753",
            "789456",
            "123456789012",
            "777777777",
        ] {
            assert!(is_obvious(pin.as_bytes()), "{pin}");
        }
    }

    #[test]
    fn most_pins_are_fine() {
        for pin in ["482916", "903571", "730948", "5028164", "90467321", "482916305"] {
            assert!(!is_obvious(pin.as_bytes()), "{pin}");
        }
        let refused = (0..1_000_000).filter(|pin| is_obvious(format!("{pin:06}").as_bytes())).count();
        assert!(refused < 150_000, "{refused} of a million are refused");
    }
}
