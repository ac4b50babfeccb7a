// Preflight of npm scripts: says what to do when the Node.js that runs is not the one this program needs.
// It must stay plain JavaScript that any Node can parse.
const [major, minor] = process.versions.node.split('.').map(Number);
if (major !== 24 || minor < 15) {
  console.error(
    `xivo-mapp needs Node.js 24.15 or a later 24; this is ${process.versions.node}.\n` +
      'Run `npm ci` in this folder: it brings the right one, and npm scripts use it. Outside npm scripts call node_modules/.bin/node.',
  );
  process.exit(1);
}
