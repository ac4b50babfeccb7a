/** What of typo-js is used; the package brings no types. */
declare module 'typo-js' {
  export default class Typo {
    /** @param aff @param dic the two files of a Hunspell dictionary */
    constructor(language: string, aff: string, dic: string);
    check(word: string): boolean;
  }
}
