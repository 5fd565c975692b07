import { createHash } from 'node:crypto';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { svelte } from '@sveltejs/vite-plugin-svelte';

const out = '../../src/betenet/app/page';
const single = ['index.html', 'package-lock.json', 'package.json', 'vite.config.js'];

/** Hash of all that the page is built of; a test compares it with that of the sources. */
function sourceDigest() {
  const below = readdirSync('src', { recursive: true, withFileTypes: true })
    .filter((one) => one.isFile())
    .map((one) => join(one.parentPath, one.name));
  const hash = createHash('sha256');
  for (const path of [...single, ...below].sort()) {
    hash.update(path + '\0');
    hash.update(readFileSync(path));
    hash.update('\0');
  }
  return hash.digest('hex');
}

const withDigest = {
  name: 'source-digest',
  closeBundle() {
    writeFileSync(join(out, 'SOURCE'), sourceDigest() + '\n');
  },
};

export default {
  base: './',
  plugins: [svelte({ compilerOptions: { runes: true } }), withDigest],
  build: {
    outDir: out,
    emptyOutDir: true,
    modulePreload: { polyfill: false },
    rollupOptions: {
      output: {
        entryFileNames: 'assets/page.js',
        chunkFileNames: 'assets/[name].js',
        assetFileNames: 'assets/page[extname]',
      },
    },
  },
  server: { proxy: { '/api': 'http://127.0.0.1:8765' } },
};
