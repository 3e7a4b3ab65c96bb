import { dataset, decimal } from 'redeye/task'
import { days } from './calendar.ts'

export const bookings = dataset('bookings', {
  partition: days,
  columns: {
    booking_id: 'int',
    booked_at: 'timestamp',
    visitor: 'string',
    flight_id: 'int',
    route: 'string',
    seats: 'int',
    fare: decimal(10, 2),
  },
  key: ['booking_id'],
  description: 'Seats sold on the site, by the day of the sale; fare is US dollars for all seats',
  owner: 'sales@example.com',
})
