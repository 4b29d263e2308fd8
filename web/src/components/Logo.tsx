/** A hull on its slip. */
export function Logo({ size = 26 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <rect width="32" height="32" rx="7" className="fill-accent" />
      <path d="M5 25.5 27 16" className="stroke-on-accent" strokeWidth="2.6" strokeLinecap="round" />
      <path
        d="M8 11.8 24.7 7.3c.3 3.6-2 6.9-5.6 8.500l-7.400 3.200c-1.800-1.800-3.200-4.400-3.700-7.200Z"
        className="fill-on-accent"
      />
    </svg>
  );
}
