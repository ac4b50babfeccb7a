/** Answers after which a client may wait for ever, or take what is no answer for one: as a proxy, a half-broken server or a stranger gives them. */
import { constants } from 'node:http2';
import { drop, flood, garbage, goaway, hang, reset, type ServiceAnswer, stall, tear } from '../../lab/push/answers.ts';

const json = { 'content-type': 'application/json' };
const taken = '{"name":"projects/lab-softphone/messages/0:1"}';
const gzip = (body: string) => garbage(200, body, { ...json, 'content-encoding': 'gzip' });
const multipart = (status: number, body: string) =>
  garbage(status, body, { 'content-type': 'multipart/mixed; boundary=b' });

/** Each of FCM's ends at once, or when the connection has been silent for too long. */
export const garbledOfFcm: Readonly<Record<string, ServiceAnswer>> = {
  'gzip that is none': gzip(taken),
  'gzip that breaks off': garbage(200, Buffer.from('1f8b0800000000000003ab56', 'hex'), {
    ...json,
    'content-encoding': 'gzip',
  }),
  'an encoding of nobody': garbage(200, taken, { ...json, 'content-encoding': 'deflate' }),
  'several parts': multipart(200, `--b\r\n\r\n${taken}\r\n--b--\r\n`),
  'several parts that never end': multipart(200, '--b\r\n\r\n{'),
  'several parts of nothing': multipart(503, ''),
  'another protocol': garbage(101, '', { connection: 'Upgrade', upgrade: 'websocket' }),
  'a body of no length': garbage(204, ''),
  'a redirection to itself': garbage(307, '', { location: '/' }),
  'less than it says': garbage(200, '{"name":', { 'content-length': '1000' }),
  'more than it says': garbage(200, taken, { ...json, 'content-length': '10' }),
  'other interim answers without end': flood('interim answers'),
  'headers without end': flood('headers'),
  'a body without end': flood('body'),
  'an end of the connection': drop,
  'an end in the middle': tear,
  'no end': stall,
  nothing: hang,
};

const rst = (code: number): ServiceAnswer => ({ ...reset, kind: 'reset', code });

export const garbledOfApns: Readonly<Record<string, ServiceAnswer>> = {
  'a page': garbage(200),
  'half an answer': garbage(400, '{"reason":'),
  'several parts': multipart(200, `--b\r\n\r\n{}\r\n--b--\r\n`),
  'gzip that is none': gzip('{}'),
  'other interim answers without end': flood('interim answers'),
  'a body without end': flood('body'),
  'settings without end': flood('settings'),
  'promises without end': flood('promises'),
  'a reset without a fault': rst(constants.NGHTTP2_NO_ERROR),
  'a reset that cancels': rst(constants.NGHTTP2_CANCEL),
  'a reset for a fault inside': rst(constants.NGHTTP2_INTERNAL_ERROR),
  'a reset that refuses': reset,
  'its leave': goaway,
  'an end of the connection': drop,
  'an end in the middle': tear,
  'no end': stall,
  nothing: hang,
};
