import { unzipSync } from 'fflate'

/** What is in an archive, by path. */
export async function filesOf(zip: Uint8Array): Promise<Map<string, Buffer>> {
  return new Map(Object.entries(unzipSync(new Uint8Array(zip))).map(([path, bytes]) => [path, Buffer.from(bytes)]))
}
