/** One file of a form. */
export interface FormFile {
  readonly filename: string
  readonly bytes: Buffer
}

/** Finds a file by its field in a `multipart/form-data` body (RFC 7578), or gives `undefined`. */
export function fileOfForm(contentType: string, body: Buffer, field: string): FormFile | undefined {
  const boundary = /;\s*boundary=(?:"([^"]+)"|([^\s;]+))/i.exec(contentType)
  const mark = boundary?.[1] ?? boundary?.[2]
  if (!contentType.toLowerCase().startsWith('multipart/form-data') || mark === undefined) return undefined
  for (const part of partsOf(body, Buffer.from(`--${mark}`))) {
    const end = part.indexOf('\r\n\r\n')
    if (end === -1) continue
    const disposition = /^content-disposition:(.*)$/im.exec(part.subarray(0, end).toString('utf8'))?.[1] ?? ''
    const filename = parameter(disposition, 'filename')
    if (parameter(disposition, 'name') === field && filename !== undefined)
      return { filename, bytes: part.subarray(end + 4) }
  }
  return undefined
}

function* partsOf(body: Buffer, mark: Buffer): Generator<Buffer> {
  let start = body.indexOf(mark)
  while (start !== -1) {
    const from = start + mark.length + 2
    const next = body.indexOf(mark, from)
    if (next === -1) return
    yield body.subarray(from, next - 2)
    start = next
  }
}

function parameter(disposition: string, name: string): string | undefined {
  return new RegExp(`;\\s*${name}="([^"]*)"`, 'i').exec(disposition)?.[1]
}
