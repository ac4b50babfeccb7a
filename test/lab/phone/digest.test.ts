/** Digest answers against the examples of RFC 2617, RFC 7616 and RFC 2069, and challenges as Asterisk 16 and 22 write them. */
import { describe, expect, it } from 'vitest';
import { authorization, Credentials, challengeIn, parseChallenge } from '../../../lab/phone/digest.ts';

function responseIn(header: string): string | undefined {
  return /response="([0-9a-f]+)"/.exec(header)?.[1];
}

describe('a digest answer', () => {
  const example = { username: 'Mufasa', method: 'GET', uri: '/dir/index.html', nonceCount: 1 } as const;

  it('is that of RFC 2617 with qop=auth', () => {
    const challenge = parseChallenge(
      'Digest realm="testrealm@host.com", qop="auth,auth-int", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", opaque="5ccc069c403ebaf9f0171e9517f40e41"',
      false,
    );
    if (!challenge) throw new Error('no challenge');
    const header = authorization({ ...example, challenge, password: 'Circle Of Life', cnonce: '0a4f113b' });
    expect(responseIn(header)).toBe('6629fae49393a05397450978507c4ef1');
    expect(header).toContain('nc=00000001');
    expect(header).toContain('opaque="5ccc069c403ebaf9f0171e9517f40e41"');
  });

  it('is that of RFC 7616 with SHA-256', () => {
    const challenge = parseChallenge(
      'Digest realm="http-auth@example.org", qop="auth", algorithm=SHA-256, nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"',
      false,
    );
    if (!challenge) throw new Error('no challenge');
    const cnonce = 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ';
    const header = authorization({ ...example, challenge, password: 'Circle of Life', cnonce });
    expect(responseIn(header)).toBe('753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1');
  });

  it('needs no counter when the server names no qop', () => {
    const challenge = parseChallenge('Digest realm="r", nonce="n"', true);
    if (!challenge) throw new Error('no challenge');
    const header = authorization({ ...example, challenge, password: 'p', cnonce: 'c' });
    expect(header).not.toMatch(/nc=|cnonce=|qop=/);
  });
});

describe('a challenge', () => {
  it('is taken from the first header that can be answered', () => {
    const challenge = challengeIn({
      kind: 'response',
      status: 401,
      reason: 'Unauthorized',
      headers: [
        ['WWW-Authenticate', 'Digest realm="asterisk",nonce="1/a",opaque="x",algorithm=SHA-512-256,qop="auth"'],
        ['WWW-Authenticate', 'Digest  realm="asterisk",nonce="1/b",opaque="x",algorithm=md5,qop="auth"'],
      ],
      body: '',
    });
    expect(challenge).toMatchObject({
      nonce: '1/b',
      algorithm: 'MD5',
      algorithmAsSent: 'md5',
      qopAuth: true,
      proxy: false,
    });
  });

  it('is remembered, and its uses are counted', () => {
    const credentials = new Credentials('m1', 'secret');
    expect(credentials.headerFor('REGISTER', 'sip:h')).toBeUndefined();
    const challenge = parseChallenge('Digest realm="asterisk",nonce="n",qop="auth"', true);
    if (!challenge) throw new Error('no challenge');
    credentials.learn(challenge);
    const [first, second] = [credentials.headerFor('INVITE', 'sip:h'), credentials.headerFor('INVITE', 'sip:h')];
    expect(first?.[0]).toBe('Proxy-Authorization');
    expect(first?.[1]).toContain('nc=00000001');
    expect(second?.[1]).toContain('nc=00000002');
    expect(first?.[1]).not.toContain('secret');
  });
});
