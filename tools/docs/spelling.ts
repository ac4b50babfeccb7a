/**
 * Spelling of the documents: British English, and the words of docs/words.txt. What stands in code, names in capitals, names with a capital inside
 * and names of files are no words.
 */
import { readFileSync } from 'node:fs';
import dictionary from 'dictionary-en-gb';
import Typo from 'typo-js';
import { type Fault, lineAt, withoutCode } from './text.ts';

const WORD = /\p{L}[\p{L}\p{M}]*(?:['’]\p{L}+)*/gu;
/** SIP, ARI, MB; baresip's own way of names: WebApp, iOS, GitHub. */
const IS_NAME = /^\p{Lu}+s?$|^\p{L}+\p{Lu}/u;

export class Speller {
  readonly #typo: Typo;
  readonly #own: ReadonlySet<string>;
  readonly #known = new Map<string, boolean>();

  /** @param wordsFile one word a line */
  constructor(wordsFile: string) {
    const [aff, dic] = [dictionary.aff, dictionary.dic].map((bytes) => new TextDecoder().decode(bytes));
    this.#typo = new Typo('en_GB', aff ?? '', dic ?? '');
    this.#own = new Set(readFileSync(wordsFile, 'utf8').split('\n').filter(Boolean));
  }

  faults(text: string): readonly Fault[] {
    const told = new Set<string>();
    const plain = withoutCode(text).replaceAll(
      /\]\([^)]*\)|https?:\S+|<!--.*?-->|<[^>]*>|\b[\w-]+\.(?:conf|json|md|so|ts)\b/g,
      blank,
    );
    return [...plain.matchAll(WORD)].flatMap(({ 0: found, index }) => {
      const word = found.replaceAll('’', "'").replace(/'s$|'$/, '');
      if (told.has(word) || this.#isRight(word)) return [];
      told.add(word);
      return [{ line: lineAt(text, index), what: `unknown word: ${word}` }];
    });
  }

  #isRight(word: string): boolean {
    const known = this.#known.get(word);
    if (known !== undefined) return known;
    const is = (one: string): boolean => this.#own.has(one) || this.#typo.check(one);
    const right = word.length < 2 || IS_NAME.test(word) || is(word) || is(word.toLowerCase());
    this.#known.set(word, right);
    return right;
  }
}

const blank = (text: string): string => text.replaceAll(/[^\n]/g, ' ');
