// Numbers that look random.

const WORD = 64;

/** One in 0..1 for a counter, as the service has it: SplitMix64; Steele, Lea and Flood (2014). */
export function uniform(counter) {
  const cut = (value) => BigInt.asUintN(WORD, value);
  let z = cut((counter + 1n) * 0x9e3779b97f4a7c15n);
  z = cut((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n);
  z = cut((z ^ (z >> 27n)) * 0x94d049bb133111ebn);
  return Number((z ^ (z >> 31n)) >> 11n) * 2 ** -53;
}

/** A sequence of them from a seed. */
export function random(seed) {
  let counter = BigInt(seed) << 32n;
  return () => uniform(counter++);
}
