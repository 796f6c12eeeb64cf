//! Keccak of 256 bits with its original padding, as Ethereum has it: not NIST's SHA3-256.

use zeroize::Zeroizing;

/// Bytes that are taken in between two permutations.
const RATE: usize = 136;

/// The hash of `data`, which may be a key: what is kept of it on the way is wiped.
pub fn keccak256(data: &[u8]) -> [u8; 32] {
    let permutation = ::keccak::Keccak::new();
    let mut state = Zeroizing::new([0u64; 25]);
    let (blocks, rest) = data.as_chunks::<RATE>();
    for block in blocks {
        take_in(&mut state, block);
        permutation.with_f1600(|permute| permute(&mut state));
    }
    let mut last = Zeroizing::new([0; RATE]);
    last[..rest.len()].copy_from_slice(rest);
    last[rest.len()] ^= 0x01;
    last[RATE - 1] ^= 0x80;
    take_in(&mut state, &last);
    permutation.with_f1600(|permute| permute(&mut state));

    let mut hash = [0; 32];
    for (bytes, lane) in hash.as_chunks_mut().0.iter_mut().zip(state.iter()) {
        *bytes = lane.to_le_bytes();
    }
    hash
}

fn take_in(state: &mut [u64; 25], block: &[u8; RATE]) {
    for (lane, bytes) in state.iter_mut().zip(block.as_chunks().0) {
        *lane ^= u64::from_le_bytes(*bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::keccak256;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
    }

    #[test]
    fn as_published() {
        // The empty text, and the text of the Keccak team's own example that Ethereum's tests use.
        assert_eq!(
            hex(&keccak256(b"")),
            "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"
        );
        assert_eq!(
            hex(&keccak256(b"abc")),
            "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45"
        );
    }

    #[test]
    fn every_length_around_a_block_differs() {
        let data = [0u8; 300];
        let mut seen: Vec<_> = (0..300).map(|n| keccak256(&data[..n])).collect();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), 300);
    }
}
