/**
 * Endpoints as the registry and the dialplan name them: `PJSIP/name`, several joined by `&` where one user has several phones for the same. Each is
 * rung on each of its contacts. Pure.
 */

/** For one ringing device of one user. Each costs every call a look. */
export const MOST_ENDPOINTS = 10;

/** An endpoint name that can be dialled and asked about. */
export function isEndpoint(name: string): boolean {
  return /^PJSIP\/[\w.+-]{1,80}$/.test(name);
}

/** The endpoints that a text names, each once, as they are written. */
export function endpointsIn(text: string): string[] {
  const names = text.split('&').map((name) => name.trim());
  return [...new Set(names)].filter((name) => name !== '');
}

/** Whether a text names endpoints and nothing else. */
export function isEndpointList(text: string): boolean {
  const names = text.split('&');
  return names.length <= MOST_ENDPOINTS && names.every(isEndpoint);
}
