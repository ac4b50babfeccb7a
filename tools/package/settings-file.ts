/** The settings as the package brings them: those of .env.example, with the secrets that are made at the installation in files of their own. */

const PACKAGED = [
  ['ARI_USERNAME=', 'ARI_USERNAME=xivo-mapp'],
  ['ARI_PASSWORD=', 'ARI_PASSWORD_FILE=/etc/xivo-mapp/ari-password'],
  ['API_KEY=', 'API_KEY_FILE=/etc/xivo-mapp/api-key'],
] as const;
const HEAD = `# The settings of the service xivo-mapp, read at its start: \`systemctl restart xivo-mapp\` after a change. No caller is lost by that.
# Files that are named here must be readable for the group: chown root:xivo-mapp, chmod 640.
`;

/** @throws Error when a setting must be set that the package does not set */
export function packagedSettings(example: string): string {
  let text = example;
  for (const [bare, set] of PACKAGED) {
    if (!text.includes(`\n${bare}\n`)) throw new Error(`.env.example has no line ${bare}`);
    text = text.replace(`\n${bare}\n`, `\n${set}\n`);
  }
  const left = /^[A-Z_]+=$/m.exec(text)?.[0];
  if (left !== undefined) throw new Error(`${left} has no value in the package`);
  return `${HEAD}\n${text}`;
}
