export default function Shop() {
  return (
    <form method="post" action="/orders">
      M-PESA number <input name="phone" /> <button type="submit">Book for KES 500</button>
    </form>
  );
}
