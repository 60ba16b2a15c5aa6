/**
 * Draws the view without React, in the drop-in. The view has no state and no effects, so a few lines do what it needs
 * of a library, and the 4.6 KB of the smallest one are spent on words instead (README, "Why no Preact").
 */

type Child = Drawn | string | number | boolean | null | undefined | readonly Child[];
type Props = Readonly<Record<string, unknown>> & { readonly children?: Child };

interface Drawn {
  tag: string;
  props: Props;
}

const SVG = 'http://www.w3.org/2000/svg';
const NAMES: Readonly<Record<string, string>> = { className: 'class', htmlFor: 'for' };

/** What JSX is compiled to; a component is called at once. */
export function jsx(type: string | ((props: Props) => Child), props: Props): Child {
  return typeof type === 'string' ? { tag: type, props } : type(props);
}

export { jsx as jsxs };

export function Fragment({ children }: Props): Child {
  return children;
}

/**
 * Makes the children of `parent` what `children` say, keeping each element that has the same tag at the same place.
 * So at one place all elements of a tag have the same attributes, if with other values: none is taken away.
 */
export function draw(children: Child, parent: ParentNode): void {
  const wanted = flat(children);
  wanted.forEach((child, place) => {
    const old = parent.childNodes[place];
    const node = nodeFor(child, old, parent);
    if (!old) parent.append(node);
    else if (old !== node) old.replaceWith(node);
    if (node instanceof Element) {
      const { props } = child as Drawn;
      dressUp(node, props);
      draw(props.children, node);
    }
  });
  while (parent.childNodes.length > wanted.length) parent.lastChild?.remove();
}

type Single = Exclude<Child, readonly Child[]>;

function flat(child: Child): Single[] {
  return Array.isArray(child) ? child.flatMap(flat) : [child as Single];
}

/** What is not drawn keeps its place with an empty text, so that no element takes the place, and the focus, of another. */
function nodeFor(child: Single, old: ChildNode | undefined, parent: ParentNode): ChildNode {
  if (typeof child === 'object' && child) {
    if (old instanceof Element && old.localName === child.tag) return old;
    const isSvg = child.tag === 'svg' || (parent as Element).namespaceURI === SVG;
    return isSvg ? document.createElementNS(SVG, child.tag) : document.createElement(child.tag);
  }
  const text = typeof child === 'boolean' ? '' : `${child ?? ''}`;
  const node = old instanceof Text ? old : new Text();
  if (node.data !== text) node.data = text;
  return node;
}

function dressUp(element: Element, { children, style, ...props }: Props): void {
  const node = element as Element & Record<string, unknown> & ElementCSSInlineStyle;
  if (style) Object.assign(node.style, style);
  for (const [name, value] of Object.entries(props)) {
    if (/^on|^value$/.test(name)) {
      const property = name.toLowerCase();
      if (node[property] !== value) node[property] = value;
    } else if (value == null || (value === false && !/^aria/.test(name))) node.removeAttribute(name);
    else node.setAttribute(NAMES[name] ?? name, `${value}`);
  }
}
