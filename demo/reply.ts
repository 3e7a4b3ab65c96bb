/** What a service answers. */
export interface Reply {
  status: number
  body: string
  headers?: Record<string, string>
}
export const json = (status: number, value: unknown, headers: Record<string, string> = {}): Reply => ({
  status,
  body: JSON.stringify(value),
  headers: { 'content-type': 'application/json', ...headers },
})
