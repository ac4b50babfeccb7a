/**
 * Every setting of the router: its name in the environment, its unit, its default, and what it is for. `.env.example` and the start-up
 * checks both come from this list, so that neither can know a setting that the other does not. It must never read a setting by itself.
 */

export type SettingName =
  | 'ARI_URL'
  | 'ARI_USERNAME'
  | 'ARI_PASSWORD'
  | 'ARI_APP'
  | 'XIVO_GLOBALS_FILE'
  | 'HTTP_HOST'
  | 'HTTP_PORT'
  | 'API_KEY'
  | 'API_KEYS_FILE'
  | 'AGI_HOST'
  | 'AGI_PORT'
  | 'DATABASE_URL'
  | 'FCM_CREDENTIALS_FILE'
  | 'FCM_URL'
  | 'APNS_KEY_FILE'
  | 'APNS_KEY_ID'
  | 'APNS_TEAM_ID'
  | 'APNS_TOPIC'
  | 'APNS_URL'
  | 'LOG_LEVEL';

export interface Setting {
  readonly name: SettingName;
  readonly about: string;
  /** Unit or form of the value. */
  readonly unit: string;
  /** What an unset variable means; undefined where there is no default. */
  readonly fallback?: string;
  /** The router does not start without it. */
  readonly required?: true;
  /** Never printed, and may be given as NAME_FILE instead. */
  readonly secret?: true;
}

export const settings: readonly Setting[] = [
  {
    name: 'ARI_URL',
    about: "Where Asterisk's ARI answers. XiVO has it on port 5039. The final /ari may be left out.",
    unit: 'http or https URL, without user and password',
    fallback: 'http://127.0.0.1:5039/ari',
  },
  {
    name: 'ARI_USERNAME',
    about: 'The ARI user of the router, of its own, from ari.conf.',
    unit: 'text',
    required: true,
  },
  { name: 'ARI_PASSWORD', about: 'Its password.', unit: 'text', required: true, secret: true },
  {
    name: 'ARI_APP',
    about: 'The Stasis application. Each router on one Asterisk needs a name of its own; the dialplan uses it too.',
    unit: 'letters, digits, . _ -',
    fallback: 'xivo-mapp',
  },
  {
    name: 'XIVO_GLOBALS_FILE',
    about: 'The globals that administrators edit. Calls read them in Asterisk; the file is for checks and for help.',
    unit: 'path',
    fallback: '/etc/xivo/asterisk/xivo_globals.conf',
  },
  {
    name: 'HTTP_HOST',
    about: 'Where the HTTP API listens. It speaks plain HTTP: put a TLS proxy before any other address than loopback.',
    unit: 'address or host name',
    fallback: '127.0.0.1',
  },
  { name: 'HTTP_PORT', about: 'Its port.', unit: 'TCP port; 0: any free one', fallback: '9480' },
  {
    name: 'API_KEY',
    about: 'The key of the HTTP API, sent as `Authorization: Bearer <key>`. Make one with `openssl rand -hex 32`.',
    unit: '16 to 256 visible ASCII characters',
    required: true,
    secret: true,
  },
  {
    name: 'API_KEYS_FILE',
    about:
      'Further keys, one a line: a name, `read` or `write`, the key. A line that begins with # is a comment. With `read` a key may GET, and nothing else. Read at the start.',
    unit: 'path',
  },
  {
    name: 'AGI_HOST',
    about:
      'Where FastAGI listens, for dialplans that keep their own Dial. Whoever reaches it can wake mobiles: keep it on loopback.',
    unit: 'address or host name',
    fallback: '127.0.0.1',
  },
  { name: 'AGI_PORT', about: 'Its port.', unit: 'TCP port; 0: any free one', fallback: '4580' },
  {
    name: 'DATABASE_URL',
    about: 'Users, devices and the history of calls. The folder must exist and belong to the service.',
    unit: 'sqlite:<file>',
    fallback: 'sqlite:/var/lib/xivo-mapp/xivo-mapp.sqlite',
    secret: true,
  },
  {
    name: 'FCM_CREDENTIALS_FILE',
    about: 'The JSON key of a Firebase service account. Unset: Android devices cannot be woken.',
    unit: 'path',
  },
  {
    name: 'FCM_URL',
    about: "Another server in place of Google's, for access token and push alike. Unset: Google's.",
    unit: 'https URL without a path',
  },
  {
    name: 'APNS_KEY_FILE',
    about:
      "Apple's push key (.p8). It goes with APNS_KEY_ID, APNS_TEAM_ID and APNS_TOPIC. All unset: iPhones cannot be woken.",
    unit: 'path',
  },
  { name: 'APNS_KEY_ID', about: 'The id of that key.', unit: '10 letters and digits' },
  { name: 'APNS_TEAM_ID', about: 'The team that the key belongs to.', unit: '10 letters and digits' },
  { name: 'APNS_TOPIC', about: 'The bundle id of the app, without `.voip`.', unit: 'letters, digits, . -' },
  {
    name: 'APNS_URL',
    about: "Apple's host; https://api.sandbox.push.apple.com for apps that are built for development.",
    unit: 'https URL without a path',
    fallback: 'https://api.push.apple.com',
  },
  {
    name: 'LOG_LEVEL',
    about: 'How much is logged. At debug, phone numbers are shown in full.',
    unit: 'error, warn, info or debug',
    fallback: 'info',
  },
];

/** The text of `.env.example`. */
export function envExample(): string {
  const head = [
    '# The environment of xivo-mapp, with the default of each setting. What has no default and no # before its name must be set.',
    '# A secret may be kept in a file instead: NAME_FILE=/path/to/file in place of NAME=value.',
  ];
  const entries = settings.map(({ name, about, unit, fallback, required, secret }) =>
    [
      `# ${about}`,
      `# Unit: ${unit}.${secret ? ` Or ${name}_FILE.` : ''}${required ? ' Required.' : ''}`,
      required ? `${name}=` : `#${name}=${fallback ?? ''}`,
    ].join('\n'),
  );
  return `${[head.join('\n'), ...entries].join('\n\n')}\n`;
}
