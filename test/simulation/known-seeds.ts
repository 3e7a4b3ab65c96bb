/**
 * Seeds that once broke an invariant; what they found is mended. What a seed means changes whenever more is drawn, so they are
 * worth no more than others then, and no less.
 */
export const knownSeeds = [
  10001229, 10001548, 10002080, 20002466, 30001613, 30002015, 30002099, 30002122, 30002194, 30002195, 30002210, 30002273, 30002319,
  30002335, 30002469, 30002565, 30002682, 30002844, 30002877, 18420, 70001193, 70001569, 1795458782985, 1795458783844, 1900000000738,
]
