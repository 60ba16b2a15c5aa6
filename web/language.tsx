/** English and Kiswahili on our own pages, and the way from one to the other. */

import { type ComponentChildren, createContext, h } from 'preact';
import { useContext, useEffect, useState } from 'preact/hooks';

export type Locale = 'en' | 'sw';
/** One text, or all texts of a component, in each language. */
export type InBoth<T> = Readonly<Record<Locale, T>>;

/** Where the choice is kept, for the frames of this page and for the next visit. */
const CHOSEN = 'pokea-demo:language';
const OWN_NAMES: InBoth<string> = { en: 'English', sw: 'Kiswahili' };
const Spoken = createContext<{ locale: Locale; speak: (locale: Locale) => void }>({
  locale: 'en',
  speak: () => undefined,
});

function kept(): string | null {
  try {
    return localStorage.getItem(CHOSEN);
  } catch {
    return null; // A page without storage asks the browser each time.
  }
}

/** The language of the address (`?lang=sw`), else the one that was chosen before, else the browser's. */
export function languageAt(search: string, chosen: string | null, browser: string): Locale {
  return /^sw/i.test(new URLSearchParams(search).get('lang') ?? chosen ?? browser) ? 'sw' : 'en';
}

/** Lets what is inside speak one language, under the title that the page has in it. */
export function Speaking({ title, children }: { title: InBoth<string>; children: ComponentChildren }) {
  const [locale, setLocale] = useState(() => languageAt(location.search, kept(), navigator.language));
  useEffect(() => {
    document.documentElement.lang = locale;
    document.title = title[locale];
  }, [locale, title]);
  useEffect(() => {
    // Told of a choice that another frame of the same site has made.
    const chosen = ({ key, newValue }: StorageEvent) => {
      if (key === CHOSEN) setLocale(languageAt('', newValue, navigator.language));
    };
    addEventListener('storage', chosen);
    return () => removeEventListener('storage', chosen);
  }, []);
  const speak = (chosen: Locale) => {
    setLocale(chosen);
    try {
      localStorage.setItem(CHOSEN, chosen);
    } catch {
      // It holds for as long as the page lives.
    }
  };
  return h(Spoken.Provider, { value: { locale, speak }, children });
}

/** The language that is spoken. */
export function useLocale(): Locale {
  return useContext(Spoken).locale;
}

/** The texts in the language that is spoken. */
export function useWords<T>(said: InBoth<T>): T {
  return said[useLocale()];
}

/** Changes to the other language, by its own name. */
export function LanguageSwitch() {
  const { locale, speak } = useContext(Spoken);
  const other = locale === 'en' ? 'sw' : 'en';
  return (
    <button type="button" class="language" lang={other} onClick={() => speak(other)}>
      {OWN_NAMES[other]}
    </button>
  );
}
