/** Devices, functions and events at once: names and labels that random selectors are tried on. */
export const samples: readonly { name: string; labels: Record<string, string | string[]> }[] = [
  { name: 'cam-1', labels: { type: 'camera', location: 'lab/1', tags: ['a', 'b'] } },
  { name: 'cam-2', labels: { type: 'camera' } },
  { name: 'a', labels: {} },
  { name: 'b1', labels: { a: 'b', 'a.b': 'b-1', _x: ['1', 'a b'] } },
]

const pieces = [
  'device(',
  'function(',
  'event(',
  ')',
  ').',
  '[',
  ']',
  ',',
  ', ',
  ':',
  '*',
  '?',
  '!',
  'cam-',
  'a',
  'b',
  '1',
  '[12]',
  '[!a]',
  'type:',
  'type:cam*',
  'tags:[a,c]',
  'a.b:b',
  ' ',
  '_x:',
  'location:lab/*',
]

/**
 * Texts near the language: some are valid, some nearly so. Every run sees the same, so a failure can be looked into.
 */
export function randomSelectors(count: number): string[] {
  let state = 20_261
  const draw = (below: number) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
    return Math.floor((state / 2_147_483_648) * below)
  }
  const some = () => Array.from({ length: draw(4) }, () => pieces[draw(pieces.length)]).join('')
  const scope = () => ['device', 'function', 'event'][draw(3)]
  return Array.from({ length: count }, () => {
    const shape = draw(4)
    if (shape === 0) return some() + some()
    return shape === 1 ? `device(${some()}).${scope()}(${some()})` : `${scope()}(${some()})`
  })
}
