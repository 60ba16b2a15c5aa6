/** The few parts of Swagger UI that the page uses; the package brings no types. */
declare module 'swagger-ui-dist/swagger-ui-es-bundle.js' {
  import type { ReactElement } from 'react';

  /** An Immutable.js map. */
  export interface ImmutableMap {
    get(name: string): unknown;
    getIn(path: readonly string[]): unknown;
    update(name: string, change: (found: Operations) => Operations): ImmutableMap;
  }
  /** Operations below one tag. */
  export interface Operations {
    readonly size: number;
    filter(keep: (operation: ImmutableMap) => boolean): Operations;
  }
  /** Tags by name. */
  export interface Tags {
    map(change: (tag: ImmutableMap) => ImmutableMap): Tags;
    filter(keep: (tag: ImmutableMap) => boolean): Tags;
  }
  export type Component = (props: object) => ReactElement;
  export interface System {
    React: {
      createElement(type: string | Component, props: object | null, ...children: unknown[]): ReactElement;
    };
  }
  export interface Options {
    dom_id: string;
    spec: unknown;
    filter: boolean;
    deepLinking: boolean;
    docExpansion: 'list' | 'full' | 'none';
    defaultModelRendering: 'example' | 'model';
    defaultModelsExpandDepth: number;
    syntaxHighlight: false;
    validatorUrl: null;
    plugins: readonly ((system: System) => Record<string, unknown>)[];
  }
  export default function SwaggerUI(options: Options): unknown;
}
