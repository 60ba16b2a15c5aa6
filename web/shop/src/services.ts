import type { InBoth } from '../../language.js';

export interface Service {
  /** What it is called in the form, and what it covers. */
  words: InBoth<{ name: string; what: string }>;
  icon: string;
}

/** What may be booked; the icons are paths on a grid of 24. */
export const SERVICES: readonly Service[] = [
  {
    words: {
      en: { name: 'Plumbing', what: 'Leaks, blocked drains, water tanks' },
      sw: { name: 'Mabomba', what: 'Uvujaji, mifereji iliyoziba, matangi ya maji' },
    },
    icon: 'M12 3c4 5 6 8 6 11a6 6 0 0 1-12 0c0-3 2-6 6-11z',
  },
  {
    words: {
      en: { name: 'Electrical', what: 'Sockets, lighting, meters' },
      sw: { name: 'Umeme', what: 'Soketi, taa, mita' },
    },
    icon: 'M13 2 5 13h6l-1 9 8-11h-6z',
  },
  {
    words: {
      en: { name: 'Appliance repair', what: 'Fridges, cookers, washing machines' },
      sw: { name: 'Vifaa vya nyumbani', what: 'Friji, majiko, mashine za kufulia' },
    },
    icon: 'M5 3h14v18H5zM5 8h14M9 5.500h2M12 11a3.500 3.500 0 1 0 0 7 3.500 3.500 0 0 0 0-7z',
  },
  {
    words: {
      en: { name: 'Carpentry', what: 'Doors, cabinets, furniture' },
      sw: { name: 'Useremala', what: 'Milango, kabati, fanicha' },
    },
    icon: 'M3 17 15 5l4 4L7 21H3zM13 7l4 4',
  },
];

export const AREAS = ['Kilimani', 'Westlands', 'Ruaka', 'South B', 'Nyali', 'Milimani'] as const;
/** How a booking is called: the service and the area. */
export const IN_AREA: InBoth<string> = { en: '# in @', sw: '# mtaani @' };
