/**
 * Bodies that PUT /v1/users/{userId} must refuse, each wrong in one way, and what the answer must say. Sent over the wire as they stand.
 */

const JUNK_BYTES = 1024 * 1024;

interface BadBody {
  readonly what: string;
  readonly body: string;
  readonly status: number;
  /** Fields that the answer must name. */
  readonly names?: readonly string[];
  readonly contentType?: string;
}

const good = { ringingDevice: 'MobileApp', mobileEndpoint: 'PJSIP/mobile-1' };
export const badUsers: readonly BadBody[] = [
  {
    what: 'unknown fields',
    body: JSON.stringify({ ...good, ringtone: 'x', __proto: 1 }),
    status: 422,
    names: ['ringtone', '__proto'],
  },
  {
    what: 'a wrong type',
    body: JSON.stringify({ ...good, mobileEndpoint: 7 }),
    status: 422,
    names: ['mobileEndpoint'],
  },
  {
    what: 'a wrong value',
    body: JSON.stringify({ ...good, ringingDevice: 'Fax' }),
    status: 422,
    names: ['ringingDevice'],
  },
  { what: 'a missing field', body: '{}', status: 422, names: ['ringingDevice'] },
  {
    what: 'an endpoint that dials something else',
    body: JSON.stringify({ ...good, mobileEndpoint: 'PJSIP/a&Local/s@lab-idle' }),
    status: 422,
    names: ['mobileEndpoint'],
  },
  { what: 'an array', body: '[]', status: 422 },
  { what: 'no JSON', body: '{"ringingDevice":', status: 400 },
  { what: 'nothing', body: '', status: 400 },
  { what: 'another media type', body: 'ringingDevice=MobileApp', status: 415, contentType: 'text/plain' },
  { what: '1 MB of junk', body: 'x'.repeat(JUNK_BYTES), status: 413 },
  { what: '1 MB of JSON', body: JSON.stringify({ ...good, more: 'x'.repeat(JUNK_BYTES) }), status: 413 },
  { what: '1 MB of brackets', body: '['.repeat(JUNK_BYTES), status: 413 },
];
