import { join } from 'node:path'

/** Where the state of a project is: `.redeye` in it unless another folder was named. */
export const stateOf = (root: string, state: string | undefined): string => state ?? join(root, '.redeye')
