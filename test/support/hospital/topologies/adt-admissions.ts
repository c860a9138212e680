export { default } from '../../../../topologies/adt-admissions/index.ts';
