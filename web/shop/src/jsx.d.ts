import type { JSX as Preact } from 'preact';

declare module 'preact' {
  namespace JSX {
    interface IntrinsicElements {
      'pokea-checkout': Preact.HTMLAttributes<HTMLElement> & {
        'booking-id': string;
        amount: number;
        description?: string;
        token?: string;
        locale?: string;
        'phone-number'?: string;
        open?: boolean;
        'onpokea-success'?: (event: CustomEvent<{ transactionId: string }>) => void;
      };
    }
  }
}
