/** @type {import('next').NextConfig} */
export default { images: { unoptimized: true } };
