/** What the checkout says before the service has answered; all else comes with the booking. */
type Own =
  | 'language'
  | 'title'
  | 'phone'
  | 'pay'
  | 'sending'
  | 'loading'
  | 'offline'
  | 'close'
  | 'unauthenticated'
  | 'unreachable'
  | 'impossible';

export type Texts = Readonly<Record<Own, string>>;

export const words: Texts = {
  language: 'English',
  title: 'Lipa na M-PESA',
  phone: 'Nambari ya simu ya M-PESA',
  pay: 'Lipa $',
  sending: 'Tunatuma ombi…',
  loading: 'Tunatafuta malipo yako…',
  offline: 'Hakuna mtandao. Tutaendelea mtandao ukirudi.',
  close: 'Funga',
  unauthenticated: 'Kipindi chako kimeisha. Ingia tena, kisha ulipe.',
  unreachable: 'Hakuna mtandao, kwa hivyo hakuna ombi lililotumwa. Jaribu tena.',
  impossible: 'Malipo haya hayawezi kufanyika sasa. Wasiliana na mfanyabiashara.',
};
