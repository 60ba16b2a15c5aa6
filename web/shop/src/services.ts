export interface Service {
  name: string;
  what: string;
  icon: string;
}

/** What may be booked; the icons are paths on a grid of 24. */
export const SERVICES: readonly Service[] = [
  {
    name: 'Plumbing',
    what: 'Leaks, blocked drains, water tanks',
    icon: 'M12 3c4 5 6 8 6 11a6 6 0 0 1-12 0c0-3 2-6 6-11z',
  },
  { name: 'Electrical', what: 'Sockets, lighting, meters', icon: 'M13 2 5 13h6l-1 9 8-11h-6z' },
  {
    name: 'Appliance repair',
    what: 'Fridges, cookers, washing machines',
    icon: 'M5 3h14v18H5zM5 8h14M9 5.500h2M12 11a3.500 3.500 0 1 0 0 7 3.500 3.500 0 0 0 0-7z',
  },
  { name: 'Carpentry', what: 'Doors, cabinets, furniture', icon: 'M3 17 15 5l4 4L7 21H3zM13 7l4 4' },
];

export const AREAS = ['Kilimani', 'Westlands', 'Ruaka', 'South B', 'Nyali', 'Milimani'] as const;
