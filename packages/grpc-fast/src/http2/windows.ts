/** What every stream and connection may send before anybody has said anything (RFC 9113, section 6.9.2). */
export const firstWindow = 65_535

/** How much a peer may send on one stream before it is read. */
export const streamWindow = 1024 * 1024

/**
 * How much a peer may send on all streams; given back as it comes, so that a stream that nobody reads holds up no
 * other.
 */
export const connectionWindow = 64 * 1024 * 1024
