import type { Component, System } from 'swagger-ui-dist/swagger-ui-es-bundle.js';
import { resolved } from './resolve.js';
import { matching } from './search.js';

interface SearchProps {
  layoutActions: { updateFilter(phrase: string): void };
  layoutSelectors: { currentFilter(): unknown };
}

/** Lets a table be a table for screen readers: Swagger UI makes every one of them a region without a name. */
function keepTable(place: HTMLElement | null): void {
  place?.querySelector('table[role=region]')?.removeAttribute('role');
}

/** What Swagger UI does not do by itself: search in the prose too, and name its parts for screen readers. */
export function pagePlugin({ React }: System) {
  const make = React.createElement;
  const Search = ({ layoutActions, layoutSelectors }: SearchProps) => {
    const phrase = layoutSelectors.currentFilter();
    const field = make('input', {
      type: 'search',
      placeholder: 'history, bookingId, receipt…',
      value: typeof phrase === 'string' ? phrase : '',
      onChange: (event: { target: HTMLInputElement }) => layoutActions.updateFilter(event.target.value),
    });
    const label = make('label', null, make('span', null, 'Search'), field);
    return make('search', { className: 'wrapper find' }, make('h2', null, 'Calls'), label);
  };
  return {
    fn: {
      opsFilter: matching,
      resolveSubtree: async (document: unknown, path: readonly string[]) => ({
        errors: [],
        spec: resolved(document, path),
      }),
    },
    components: {
      FilterContainer: Search,
      // There is one server: the one that the page came from.
      ServersContainer: () => null,
      // Swagger UI puts this link into the button that opens the operation; the button sets the address as well.
      DeepLink: ({ text }: { text: unknown }) => make('span', null, text),
    },
    wrapComponents: {
      InfoContainer: (Info: Component) => (props: object) =>
        make('section', { 'aria-label': 'About' }, make(Info, props)),
      responses: (Responses: Component) => (props: object) =>
        make('div', { ref: keepTable }, make(Responses, props)),
      ExamplesSelect: (Examples: Component) => (props: object) =>
        make('label', null, make('span', { className: 'unseen' }, 'Example'), make(Examples, props)),
      JsonSchemaForm: (Field: Component) => (props: { description?: unknown }) =>
        make('label', null, make('span', { className: 'unseen' }, props.description), make(Field, props)),
    },
  };
}
